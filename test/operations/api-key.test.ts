import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fromWireId, toWireId } from '../../domain/ids.js';
import { KEY_SCOPES, type Permission, ROLES, type Role } from '../../domain/permissions.js';
import { createApiKey } from '../../operations/api-key/create.js';
import { listApiKeys } from '../../operations/api-key/list.js';
import { revokeApiKey } from '../../operations/api-key/revoke.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf } from '../world/wire.js';
import type { Workspace } from '../world/workspaces.js';

let world: World;
let live: Workspace;
let foreign: Workspace;
let admin: Person;
beforeAll(async () => {
  world = await openWorld();
  [live, foreign] = [await world.workspace({ mode: 'live' }), await world.workspace()];
  admin = await world.person('admin', [world.home.tenantId, live.tenantId]);
});
afterAll(() => world?.close());

const make = async (
  scopes: Permission[] = ['batches.read'],
  { who = admin, at = world.home, ...more }: { who?: Person; at?: Workspace; expires_at?: string } = {},
) => {
  const answer = await createApiKey(world.as(who, at), { name: 'A key', scopes, code: await world.freshCode(who), ...more });
  if (!answer.ok) throw new Error(answer.refusal.code);
  return { ...answer.value, secret: answer.value.secret ?? '', uuid: fromWireId('apiKey', answer.value.id) ?? '' };
};
const resolve = (secret: string) => world.publicContext().directory.apiKey(createHash('sha256').update(secret).digest());

describe('API keys', () => {
  test('resolve to their workspace and scopes [S2-08]', async () => {
    const key = await make(['batches.create', 'batches.read', 'batches.read']);
    expect(await resolve(key.secret)).toEqual({
      keyId: key.uuid,
      tenantId: world.home.tenantId,
      ownerPersonId: admin.id,
      scopes: ['batches.create', 'batches.read'],
      mode: 'test',
      familyId: null,
      allowedNetworks: [],
      isUseDue: true,
      closed: false,
      plan: 'enterprise',
    });
  });

  test('say live or test in their prefix [S2-10]', async () => {
    expect((await make()).secret).toMatch(/^slk_test_/);
    expect((await make(['batches.read'], { at: live })).secret).toMatch(/^slk_live_/);
  });

  test('are stored as SHA-256 and public prefix only: no column of any table holds the secret [S2-11] [S4-16]', async () => {
    const { secret, prefix } = await make();
    const rows = await world.everyRow(world.home.tenantId);
    expect(rows).toContain(createHash('sha256').update(secret).digest('hex'));
    expect(rows).toContain(prefix);
    expect(rows).not.toContain(secret);
    expect(rows).not.toContain(secret.slice(prefix.length));
    expect(secret.startsWith(prefix)).toBe(true);
  });

  test('show their secret once: neither list nor revocation has it [S2-12]', async () => {
    const key = await make();
    const listed = await listApiKeys(world.as(admin), { limit: 200 });
    const revoked = await revokeApiKey(world.as(admin), { key_id: key.uuid });
    expect(listed).toMatchObject({ ok: true });
    expect(JSON.stringify([listed, revoked])).toContain(key.id);
    expect(JSON.stringify([listed, revoked])).not.toContain(key.secret.slice(key.prefix.length));
  });

  test('hold no scope that their maker lacks, whatever the role', async () => {
    for (const role of Object.keys(ROLES) as Role[]) {
      const owned: readonly Permission[] = ROLES[role];
      // Somebody of their own for each role, because each key takes one more factor.
      const who = await world.person('preparer');
      for (const scope of KEY_SCOPES) {
        const code = owned.includes(scope) ? await world.freshCode(who) : '000000';
        const answer = await createApiKey(world.as({ ...who, role }), { name: 'A key', scopes: [scope], code });
        if (owned.includes(scope)) expect(answer.ok).toBe(true);
        else expect(answer).toMatchObject({ ok: false, refusal: { code: 'forbidden', errors: [{ field: 'scopes' }] } });
      }
    }
  });

  test('never hold what is for people, even of an admin', async () => {
    for (const scope of ['gates.approve', 'gates.authorize', 'gates.execute', 'keys.manage', 'sessions.own'] as const)
      expect(await createApiKey(world.as(admin), { name: 'A key', scopes: [scope], code: '000000' })).toMatchObject({
        ok: false,
        refusal: { code: 'forbidden' },
      });
  });

  test('are made and revoked by people only, and the attempt is audited', async () => {
    const key = await make();
    const byKey = world.as({
      type: 'api_key',
      keyId: key.uuid,
      ownerPersonId: admin.id,
      scopes: ['keys.manage', 'batches.read'],
    });
    const asked = { name: 'Another', scopes: ['batches.read' as const], code: await world.freshCode(admin) };
    expect(await createApiKey(byKey, asked)).toMatchObject({ ok: false, refusal: { code: 'forbidden' } });
    expect(await revokeApiKey(byKey, { key_id: key.uuid })).toMatchObject({ ok: false, refusal: { code: 'forbidden' } });
    expect(await resolve(key.secret)).not.toBeNull();
    expect((await world.audited('api_key.revoke')).at(-1)).toMatchObject({ result: 'forbidden', subject_id: key.uuid });
  });

  test('take a code: none is made without a right one, which is used up, and wrong ones lock', async () => {
    const who = await world.person('preparer');
    const [made, wrong] = [await world.sql('SELECT 1 FROM api_key'), await world.wrongCode(who)];
    const ask = async (code: string) => codeOf(await createApiKey(world.as(who), { name: 'A key', scopes: ['batches.read'], code }));
    expect(await ask(wrong)).toBe('code_wrong');
    expect(await world.sql('SELECT 1 FROM api_key')).toEqual(made);
    const code = await world.code(who);
    expect([await ask(code), await ask(code)]).toEqual(['ok', 'otp_step_used']);
    for (let i = 0; i < 5; i++) expect(await ask(wrong)).toBe('code_wrong');
    expect(await ask(await world.code(who, 1))).toBe('factor_locked');
    const results = (await world.audited('api_key.create')).slice(-9).map(({ result }) => result);
    expect(results).toEqual(['code_wrong', 'ok', 'otp_step_used', ...Array(5).fill('code_wrong'), 'factor_locked']);
    const bare = await world.withoutFactor('preparer');
    expect(codeOf(await createApiKey(world.as(bare), { name: 'A key', scopes: ['batches.read'], code: '123456' }))).toBe('factor_missing');
  });

  test('lose what their owner loses: by a lesser role, a disabled membership or a disabled person', async () => {
    const owner = await world.person('preparer', [world.home.tenantId]);
    const { secret } = await make(['batches.create', 'batches.read'], { who: owner });
    await world.sql(`UPDATE membership SET roles = '{auditor}' WHERE person_id = $1`, [owner.id]);
    expect((await resolve(secret))?.scopes).toEqual(['batches.read']);
    await world.sql('UPDATE membership SET disabled_at = now() WHERE person_id = $1', [owner.id]);
    expect(await resolve(secret)).toBeNull();
    await world.sql('UPDATE membership SET disabled_at = NULL WHERE person_id = $1', [owner.id]);
    expect(await resolve(secret)).not.toBeNull();
    await world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [owner.id]);
    expect(await resolve(secret)).toBeNull();
  });

  test('are refused from the moment of revocation, which keeps its first time', async () => {
    const key = await make();
    const first = await revokeApiKey(world.as(admin), { key_id: key.uuid });
    expect(await resolve(key.secret)).toBeNull();
    expect(await revokeApiKey(world.as(admin), { key_id: key.uuid })).toEqual(first);
  });

  test('expire, and cannot be made expired [S3-17] [S5-16]', async () => {
    const key = await make(['batches.read'], { expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    expect(await resolve(key.secret)).not.toBeNull();
    await world.sql(`UPDATE api_key SET expires_at = now() - interval '1 second' WHERE id = $1`, [key.uuid]);
    expect(await resolve(key.secret)).toBeNull();
    const past = { expires_at: '2020-01-01T00:00:00Z', code: '000000' };
    const late = await createApiKey(world.as(admin), { name: 'Late', scopes: ['batches.read'], ...past });
    expect(late).toMatchObject({ ok: false, refusal: { code: 'invalid_request', errors: [{ field: 'expires_at' }] } });
  });

  test('of another workspace look absent', async () => {
    const key = await make();
    const stranger = await world.person('admin', [foreign.tenantId]);
    const elsewhere = world.as(stranger, foreign);
    const refused = await revokeApiKey(elsewhere, { key_id: key.uuid });
    expect(refused).toEqual(await revokeApiKey(elsewhere, { key_id: world.services.entropy.newId() }));
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
    expect(await resolve(key.secret)).not.toBeNull();
    expect(await listApiKeys(elsewhere, { limit: 200 })).toMatchObject({ ok: true, value: { data: [], has_more: false, next_cursor: null } });
  });

  test('are listed in pages, newest first, each once', async () => {
    const ctx = world.as(admin, live);
    for (let i = 0; i < 5; i++) await make(['batches.read'], { at: live });
    const all = await listApiKeys(ctx, { limit: 200 });
    if (!all.ok) throw new Error(all.refusal.code);
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await listApiKeys(ctx, { limit: 2, ...(cursor ? { starting_after: cursor } : {}) });
      if (!page.ok) throw new Error(page.refusal.code);
      seen.push(...page.value.data.map(({ id }) => id));
      cursor = page.value.next_cursor;
    }
    expect(seen).toEqual(all.value.data.map(({ id }) => id));
    expect([...seen].sort().reverse()).toEqual(seen);
    expect(await listApiKeys(ctx, { limit: 2, starting_after: toWireId('batch', admin.id) })).toMatchObject({
      ok: false,
      refusal: { code: 'invalid_request' },
    });
  });
});
