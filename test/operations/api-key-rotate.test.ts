import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import type { Permission } from '../../domain/permissions.js';
import { createApiKey } from '../../operations/api-key/create.js';
import { listApiKeys } from '../../operations/api-key/list.js';
import { revokeApiKey } from '../../operations/api-key/revoke.js';
import { rotateApiKey } from '../../operations/api-key/rotate.js';
import { idempotent } from '../../operations/idempotency/guard.js';
import { createPayee } from '../../operations/payee/create.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
let admin: Person;
let preparer: Person;
beforeAll(async () => {
  world = await openWorld();
  admin = await world.person('admin');
  preparer = await world.person('preparer');
});
afterAll(() => world?.close());

const HOUR_MS = 3_600_000;
const inAnHour = () => new Date(Date.now() + HOUR_MS).toISOString();

const make = async (who: Person, more: { scopes?: Permission[]; expires_at?: string; allowed_networks?: string[] } = {}) => {
  const code = await world.freshCode(who);
  const made = must(await createApiKey(world.as(who), { name: 'import', scopes: ['payees.read', 'payees.write'], code, ...more }));
  return { ...made, secret: made.secret ?? '', uuid: uuidOf(made.id) };
};
const rotate = async (who: Person, key: { uuid: string }, grace_seconds = 0) => {
  const code = await world.freshCode(who);
  const made = must(await rotateApiKey(world.as(who), { key_id: key.uuid, grace_seconds, code }));
  return { ...made, secret: made.secret ?? '', uuid: uuidOf(made.id) };
};
const resolve = (secret: string) => world.publicContext().directory.apiKey(createHash('sha256').update(secret).digest());
const listed = async (id: string) => must(await listApiKeys(world.as(admin), { limit: 200 })).data.find((key) => key.id === id);

describe('a rotated key', () => {
  test('ends at once, and the new one works: with its name, scopes, expiry and networks [S2-21]', async () => {
    const old = await make(preparer, { expires_at: inAnHour(), allowed_networks: ['203.0.113.0/24', '2001:db8::/32'] });
    const next = await rotate(preparer, old);
    expect(await resolve(old.secret)).toBeNull();
    expect(await resolve(next.secret)).toMatchObject({ keyId: next.uuid, familyId: old.uuid, ownerPersonId: preparer.id });
    const { name, scopes, expires_at, allowed_networks, owner_person_id } = old;
    expect(next).toMatchObject({ name, scopes, expires_at, allowed_networks, owner_person_id, rotated_from: old.id, state: 'active' });
    expect(next.secret).not.toBe(old.secret);
    expect(await listed(old.id)).toMatchObject({ state: 'rotated', rotated_at: expect.any(String), revoked_at: null });
  });

  test('goes on for the grace that is asked for, by the clock of the database, and then no more [S2-21]', async () => {
    const old = await make(preparer);
    const next = await rotate(preparer, old, 3_600);
    expect([await resolve(old.secret), await resolve(next.secret)]).toEqual([
      expect.objectContaining({ keyId: old.uuid }),
      expect.objectContaining({ keyId: next.uuid }),
    ]);
    expect(await listed(old.id)).toMatchObject({ state: 'ending' });
    const [grace] = await world.sql<{ exact: boolean; running: boolean }>(
      `SELECT expires_at - rotated_at = interval '1 hour' AS exact, abs(extract(epoch FROM now() - rotated_at)) < 60 AS running FROM api_key WHERE id = $1`,
      [old.uuid],
    );
    expect(grace).toEqual({ exact: true, running: true });
    await world.sql('UPDATE api_key SET expires_at = now() WHERE id = $1', [old.uuid]);
    expect(await resolve(old.secret)).toBeNull();
    expect(await resolve(next.secret)).not.toBeNull();
    expect(await listed(old.id)).toMatchObject({ state: 'rotated' });
  });

  test('ends no later than it was to anyway, and neither does the new one', async () => {
    const old = await make(preparer, { expires_at: inAnHour() });
    const next = await rotate(preparer, old, 86_400);
    expect([(await listed(old.id))?.expires_at, next.expires_at]).toEqual([old.expires_at, old.expires_at]);
  });

  test('can be revoked while its grace runs, and the new one stays', async () => {
    const old = await make(preparer);
    const next = await rotate(preparer, old, 3_600);
    must(await revokeApiKey(world.as(admin), { key_id: old.uuid }));
    expect(await resolve(old.secret)).toBeNull();
    expect(await resolve(next.secret)).not.toBeNull();
    expect(await listed(old.id)).toMatchObject({ state: 'revoked' });
  });

  test('gives its family to the one that takes its place, however often', async () => {
    const first = await make(preparer);
    const third = await rotate(preparer, await rotate(preparer, first));
    expect(await resolve(third.secret)).toMatchObject({ keyId: third.uuid, familyId: first.uuid });
  });

  test('leaves an event with what took its place and when it ends [S3-21]', async () => {
    const old = await make(preparer);
    const next = await rotate(preparer, old, 60);
    const [event] = await world.sql<{ result: string; detail: object }>(
      `SELECT result, detail FROM audit_event WHERE action = 'api_key.rotate' AND subject_id = $1`,
      [old.uuid],
    );
    expect(event).toEqual({ result: 'ok', detail: { grace_seconds: 60, ends_at: expect.any(String), successor: next.id } });
  });
});

describe('of one key', () => {
  test('64 rotations at once: exactly one wins, and its secret works [S2-21]', async () => {
    const old = await make(preparer);
    const code = await world.freshCode(preparer);
    const ask = (grace_seconds: number) => rotateApiKey(world.as(preparer), { key_id: old.uuid, grace_seconds, code });
    const results = await Promise.all(Array.from({ length: 64 }, (_, i) => ask(i % 2 === 0 ? 0 : 3_600)));
    const won = results.flatMap((result) => (result.ok ? [result.value] : []));
    expect(won).toHaveLength(1);
    expect([...new Set(results.map(codeOf))].sort()).toEqual(['key_not_active', 'ok']);
    expect(await resolve(won[0]?.secret ?? '')).toMatchObject({ familyId: old.uuid });
    const made = await world.sql<{ count: string }>('SELECT count(*) FROM api_key WHERE rotated_from = $1', [old.uuid]);
    expect(made[0]?.count).toBe('1');
  });

  test('rotations and revocations at once: what is revoked stays revoked, whoever came first', async () => {
    for (let round = 0; round < 8; round++) {
      const old = await make(admin);
      const code = await world.freshCode(admin);
      await Promise.all([
        rotateApiKey(world.as(admin), { key_id: old.uuid, grace_seconds: 3_600, code }),
        revokeApiKey(world.as(admin), { key_id: old.uuid }),
      ]);
      expect(await resolve(old.secret)).toBeNull();
      expect(await listed(old.id)).toMatchObject({ state: 'revoked' });
    }
  });
});

describe('is not rotated:', () => {
  const refused = async (who: Person, key: { uuid: string }, code = '000000') =>
    rotateApiKey(world.as(who), { key_id: key.uuid, grace_seconds: 0, code });

  test('a revoked, an expired, a rotated key, and the refusal says which', async () => {
    const [revoked, expired, rotated] = [await make(preparer), await make(preparer), await make(preparer)];
    must(await revokeApiKey(world.as(preparer), { key_id: revoked.uuid }));
    await world.sql('UPDATE api_key SET expires_at = now() WHERE id = $1', [expired.uuid]);
    await rotate(preparer, rotated, 60);
    for (const [key, state] of [
      [revoked, 'revoked'],
      [expired, 'expired'],
      [rotated, 'ending'],
    ] as const)
      expect(await refused(preparer, key)).toMatchObject({ ok: false, refusal: { code: 'key_not_active', extra: { state } } });
    expect(await world.results(revoked.uuid, 'api_key.rotate')).toEqual(['key_not_active']);
  });

  test('a key of another person: whoever had its secret would prepare in that person’s name and approve in their own', async () => {
    const key = await make(preparer);
    expect(await refused(admin, key)).toMatchObject({ ok: false, refusal: { code: 'forbidden' } });
    expect(await resolve(key.secret)).not.toBeNull();
    expect(await world.results(key.uuid, 'api_key.rotate')).toEqual(['forbidden']);
  });

  test('a key by whoever has its owner’s session alone: it takes a code, which is used up by the rotation', async () => {
    const who = await world.person('preparer');
    const key = await make(who);
    expect(codeOf(await refused(who, key, await world.wrongCode(who)))).toBe('code_wrong');
    expect(await resolve(key.secret)).not.toBeNull();
    const code = await world.code(who);
    const next = must(await refused(who, key, code));
    expect(codeOf(await refused(who, { uuid: uuidOf(next.id) }, code))).toBe('otp_step_used');
    expect(await world.results(key.uuid, 'api_key.rotate')).toEqual(['code_wrong', 'ok']);
  });

  test('any key by a key, even its own', async () => {
    const key = await make(admin);
    const byKey = world.as({ type: 'api_key', keyId: key.uuid, ownerPersonId: admin.id, scopes: ['keys.manage'] });
    expect(await rotateApiKey(byKey, { key_id: key.uuid, grace_seconds: 0, code: await world.freshCode(admin) })).toMatchObject({
      ok: false,
      refusal: { code: 'forbidden' },
    });
    expect(await resolve(key.secret)).not.toBeNull();
  });

  test('a key of another workspace, which looks absent', async () => {
    const key = await make(admin);
    const foreign = await world.workspace();
    const stranger = await world.person('admin', [foreign.tenantId]);
    const elsewhere = (key_id: string) => rotateApiKey(world.as(stranger, foreign), { key_id, grace_seconds: 0, code: '000000' });
    const answer = await elsewhere(key.uuid);
    expect(answer).toEqual(await elsewhere(systemEntropy.newId()));
    expect(codeOf(answer)).toBe('not_found');
  });
});

test('a request that is tried again with the new secret is the same request, and finds its answer', async () => {
  const old = await make(preparer);
  const contextOf = async (secret: string) => {
    const found = await resolve(secret);
    if (!found) throw new Error('the key does not work');
    const { keyId, familyId, ownerPersonId, scopes } = found;
    return world.as({ type: 'api_key', keyId, ...(familyId ? { familyId } : {}), ownerPersonId, scopes });
  };
  const input = { reference: 'again', name: 'Ada', payee_type: 'individual', country: 'DE', account_token: 'acct_again' } as const;
  const send = async (secret: string) =>
    idempotent(await contextOf(secret), { route: 'create_payee', key: 'tried-again', input }, (ctx) => createPayee(ctx, input));
  const first = await send(old.secret);
  const next = await rotate(preparer, old);
  const again = await send(next.secret);
  expect([first.replayed, again.replayed]).toEqual([false, true]);
  expect(must(again).id).toBe(must(first).id);
  const other = await send((await make(preparer)).secret);
  expect(other.replayed).toBe(false);
});

test('a new secret is in no column of any table', async () => {
  const next = await rotate(preparer, await make(preparer));
  const rows = await world.everyRow(world.home.tenantId);
  expect(rows).toContain(createHash('sha256').update(next.secret).digest('hex'));
  expect(rows).not.toContain(next.secret.slice(next.prefix.length));
  expect(next.rotated_from).not.toBe(toWireId('apiKey', next.uuid));
});
