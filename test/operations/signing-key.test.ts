import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Permission } from '../../domain/permissions.js';
import { createApiKey } from '../../operations/api-key/create.js';
import { revokeApiKey } from '../../operations/api-key/revoke.js';
import { createSigningKey } from '../../operations/signing-key/create.js';
import { listSigningKeys } from '../../operations/signing-key/list.js';
import { revokeSigningKey } from '../../operations/signing-key/revoke.js';
import { allowUnsigned } from '../../operations/workspace/allow-unsigned.js';
import { requireSigning } from '../../operations/workspace/require-signing.js';
import { showSigning } from '../../operations/workspace/signing.js';
import { newEd25519Keys } from '../../vault/ed25519.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must, uuidOf } from '../world/wire.js';

let world: World;
let admin: Person;
beforeAll(async () => {
  world = await openWorld();
  admin = await world.person('admin');
});
afterAll(() => world?.close());

const newApiKey = async (scopes: Permission[] = ['batches.read']): Promise<string> =>
  uuidOf(must(await createApiKey(world.as(admin), { name: 'A key', scopes, code: await world.freshCode(admin) })).id);
const hmac = async (key_id: string, who = admin) => ({ key_id, algorithm: 'hmac-sha256' as const, code: await world.freshCode(who) });
const byKey = (keyId: string) => world.as({ type: 'api_key', keyId, ownerPersonId: admin.id, scopes: ['keys.manage'] });
const newPublicKey = () => Buffer.from(newEd25519Keys().publicKey).toString('base64');

describe('signing keys', () => {
  test('of hmac-sha256: the secret is in that answer and nowhere else, and is stored sealed', async () => {
    const key_id = await newApiKey();
    const made = must(await createSigningKey(world.as(admin), await hmac(key_id)));
    const secret = Buffer.from(made.secret ?? '', 'base64');
    expect([secret.length, made.public_key, made.revoked_at]).toEqual([32, null, null]);
    const listed = must(await listSigningKeys(world.as(admin), { key_id }));
    const { secret: _, ...shown } = made;
    expect(listed.data).toEqual([shown]);
    const rows = await world.everyRow(world.home.tenantId);
    for (const form of ['base64', 'hex', 'base64url'] as const) expect(rows).not.toContain(secret.toString(form));
    expect(rows).toContain(uuidOf(made.id));
  });

  test('two secrets are never the same', async () => {
    const key_id = await newApiKey();
    const secrets = await Promise.all(
      Array.from({ length: 4 }, async () => must(await createSigningKey(world.as(admin), await hmac(key_id))).secret),
    );
    expect(new Set(secrets).size).toBe(4);
  });

  test('of ed25519: the public key of the caller is kept, and no secret is made', async () => {
    const key_id = await newApiKey();
    const public_key = newPublicKey();
    const made = must(await createSigningKey(world.as(admin), { key_id, algorithm: 'ed25519', public_key, code: await world.freshCode(admin) }));
    expect([made.public_key, made.secret, made.algorithm]).toEqual([public_key, undefined, 'ed25519']);
  });

  test('are for API keys in force: none for one that is absent, revoked, expired or of another workspace', async () => {
    const revoked = await newApiKey();
    must(await revokeApiKey(world.as(admin), { key_id: revoked }));
    const expired = await newApiKey();
    await world.sql(`UPDATE api_key SET expires_at = now() - interval '1 second' WHERE id = $1`, [expired]);
    const theirs = await world.workspace();
    const stranger = await world.person('admin', [theirs.tenantId]);
    const own = await newApiKey();
    const make = (key_id: string, ctx = world.as(admin)) => createSigningKey(ctx, { key_id, algorithm: 'hmac-sha256', code: '000000' });
    for (const answer of [
      await make(world.services.entropy.newId()),
      await make(revoked),
      await make(expired),
      await make(own, world.as(stranger, theirs)),
    ])
      expect(answer).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
    expect(codeOf(await listSigningKeys(world.as(stranger, theirs), { key_id: own }))).toBe('not_found');
    expect(codeOf(await listSigningKeys(world.as(admin), { key_id: revoked }))).toBe('ok');
  });

  test('are made and revoked by people only, and each attempt is audited', async () => {
    const key_id = await newApiKey();
    const made = must(await createSigningKey(world.as(admin), await hmac(key_id)));
    const [action, id] = ['signing_key.create', uuidOf(made.id)];
    expect((await world.audited(action)).at(-1)).toMatchObject({ result: 'ok', subject_id: id });
    expect(codeOf(await createSigningKey(byKey(key_id), await hmac(key_id)))).toBe('forbidden');
    expect((await world.audited(action)).at(-1)).toMatchObject({ result: 'forbidden' });
    expect(codeOf(await revokeSigningKey(byKey(key_id), { key_id, signing_key_id: id }))).toBe('forbidden');
    expect((await world.audited('signing_key.revoke')).at(-1)).toMatchObject({ result: 'forbidden', subject_id: id });
    expect(must(await listSigningKeys(world.as(admin), { key_id })).data[0]?.revoked_at).toBeNull();
  });

  test('are made by the owner of the API key alone, with a code', async () => {
    const key_id = await newApiKey();
    const other = await world.person('admin');
    expect(codeOf(await createSigningKey(world.as(other), await hmac(key_id, other)))).toBe('forbidden');
    expect((await world.audited('signing_key.create')).at(-1)).toMatchObject({ result: 'forbidden', actor: { personId: other.id } });
    const code = await world.wrongCode(admin);
    expect(codeOf(await createSigningKey(world.as(admin), { key_id, algorithm: 'hmac-sha256', code }))).toBe('code_wrong');
    const asked = await hmac(key_id);
    must(await createSigningKey(world.as(admin), asked));
    expect(codeOf(await createSigningKey(world.as(admin), asked))).toBe('otp_step_used');
    expect(must(await listSigningKeys(world.as(admin), { key_id })).data).toHaveLength(1);
  });

  test('are revoked once, and only by the API key that they belong to', async () => {
    const [key_id, other] = [await newApiKey(), await newApiKey()];
    const signing_key_id = uuidOf(must(await createSigningKey(world.as(admin), await hmac(key_id))).id);
    expect(codeOf(await revokeSigningKey(world.as(admin), { key_id: other, signing_key_id }))).toBe('not_found');
    const first = must(await revokeSigningKey(world.as(admin), { key_id, signing_key_id }));
    expect(first.revoked_at).not.toBeNull();
    expect(must(await revokeSigningKey(world.as(admin), { key_id, signing_key_id }))).toEqual(first);
  });
});

describe('a workspace', () => {
  const stateOf = async (ctx: ReturnType<World['as']>) => must(await showSigning(ctx)).required_at !== null;

  test('for tests asks for signatures and stops asking, and the log says who decided', async () => {
    const ctx = world.as(admin);
    expect(await stateOf(ctx)).toBe(false);
    must(await requireSigning(ctx));
    expect(await stateOf(ctx)).toBe(true);
    must(await allowUnsigned(ctx));
    expect(await stateOf(ctx)).toBe(false);
    for (const action of ['workspace.require_signing', 'workspace.allow_unsigned'])
      expect((await world.audited(action)).at(-1)).toMatchObject({ result: 'ok', actor: { type: 'user', personId: admin.id } });
  });

  test('that is live goes on asking, and the attempt is audited', async () => {
    const live = await world.workspace({ mode: 'live' });
    const owner = await world.person('admin', [live.tenantId]);
    const ctx = world.as(owner, live);
    expect(await stateOf(ctx)).toBe(true);
    expect(codeOf(await allowUnsigned(ctx))).toBe('not_on_live');
    expect(await stateOf(ctx)).toBe(true);
    const events = await world.sql(`SELECT result FROM audit_event WHERE action = 'workspace.allow_unsigned'`, [], live.tenantId);
    expect(events).toEqual([{ result: 'not_on_live' }]);
  });

  test('is not decided about by a key', async () => {
    const ctx = byKey(await newApiKey());
    expect([codeOf(await requireSigning(ctx)), codeOf(await allowUnsigned(ctx))]).toEqual(['forbidden', 'forbidden']);
  });
});
