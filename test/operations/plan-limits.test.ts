import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createBatchCsv } from '../../contracts/batches.js';
import { PLANS, type Plan } from '../../domain/plans.js';
import type { Result } from '../../domain/result.js';
import { createApiKey } from '../../operations/api-key/create.js';
import { rotateApiKey } from '../../operations/api-key/rotate.js';
import { receiveCsv } from '../../operations/intake/receive-csv.js';
import { takeIn } from '../../operations/intake/take-in.js';
import { acceptInvitation } from '../../operations/invitation/accept.js';
import { createInvitation } from '../../operations/invitation/create.js';
import { disablePerson, enablePerson } from '../../operations/person/change.js';
import { systemEntropy } from '../../vault/entropy.js';
import { create, csvFile, csvRow, type IntakeWorld, openIntakeWorld, spooled, upload } from '../world/intake.js';
import { invitationTo } from '../world/letters.js';
import { iban } from '../world/payees.js';
import type { Person } from '../world/people.js';
import { codeOf, made, must, uuidOf } from '../world/wire.js';

jest.setTimeout(180_000);

let world: IntakeWorld;
/** A workspace of its own for each test, with somebody who may all of this. */
let tenantId: string;
let owner: Person;
beforeAll(async () => {
  world = await openIntakeWorld();
});
afterAll(() => world?.close());
beforeEach(async () => {
  ({ tenantId } = await world.workspace());
  owner = await world.person('owner', [tenantId]);
});

const AT_ONCE = 64;
const most = (plan: Plan, limit: keyof (typeof PLANS)[Plan]['limits']): number => PLANS[plan].limits[limit] as number;
const havePlan = (plan: Plan) => world.sqlIn(tenantId, 'UPDATE workspace SET plan = $1 WHERE tenant_id = $2', [plan, tenantId]);
const ctx = () => world.as(owner, { tenantId });
const items = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    payee: { reference: `p-${i}`, name: `Payee ${i}`, payee_type: 'individual', country: 'DE', iban: iban(i) },
    amount: 100,
    reference: `INV ${i}`,
  }));
const rows = (count: number) => csvFile(...Array.from({ length: count }, (_, i) => csvRow(i)));
const count = async (table: 'payout_batch' | 'payout_item' | 'payee' | 'membership' | 'api_key'): Promise<number> =>
  (await world.sqlIn<{ n: number }>(tenantId, `SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`, [tenantId]))[0]?.n ?? 0;
const extraOf = (result: Result<unknown>) => (result.ok ? null : result.refusal.extra);
const newAddress = () => `${systemEntropy.newId()}@people.example`;
const invite = (email: string) => createInvitation(ctx(), { email, name: 'Nina Okafor', roles: ['auditor'] });
const tokenTo = (email: string) => invitationTo(world, email);
const accept = (token: string) => acceptInvitation(world.publicContext(), { token, password: randomBytes(12).toString('base64url') });
const newKey = async () => createApiKey(ctx(), { name: 'a key', scopes: ['batches.read'], code: await world.freshCode(owner) });
/** API keys that are there already. */
const keys = async (howMany: number) => {
  for (let i = 0; i < howMany; i++)
    await ctx().inTenant((stores) =>
      stores.apiKeys.insert({
        ...{ id: systemEntropy.newId(), name: 'a key', prefix: 'slk_test_x', scopes: ['batches.read'], ownerPersonId: owner.id },
        ...{ allowedNetworks: [], expiresAt: null, tokenHash: randomBytes(32) },
      }),
    );
};

describe('items a batch', () => {
  const MOST = most('starter', 'items');

  test('of JSON are refused beyond the plan, whole, and up to it taken', async () => {
    await havePlan('starter');
    const refused = await create(ctx(), { items: items(MOST + 1) });
    expect([codeOf(refused), extraOf(refused)]).toEqual([
      'plan_limit',
      { plan: 'starter', limit: 'items', allowed: MOST, used: MOST + 1, allowed_by: 'pro' },
    ]);
    expect(codeOf(await create(ctx(), { items: items(MOST + 1) }, 'validate only'))).toBe('plan_limit');
    expect([await count('payout_batch'), await count('payee')]).toEqual([0, 0]);
    expect((await world.audited('batch.create', tenantId)).map(({ result }) => result)).toEqual(['plan_limit']);
    expect(codeOf(await create(ctx(), { items: items(MOST) }))).toBe('ok');
  });

  test('of a file are refused beyond the plan before a row is stored, and up to it taken', async () => {
    await havePlan('starter');
    const refused = await upload(ctx(), rows(MOST + 1));
    expect([codeOf(refused), extraOf(refused)]).toEqual(['plan_limit', expect.objectContaining({ limit: 'items', used: MOST + 1 })]);
    expect([await count('payout_batch'), await count('payee')]).toEqual([0, 0]);
    expect(codeOf(await upload(ctx(), rows(MOST)))).toBe('ok');
  });

  test('of a file that a workflow takes in are refused by it, before a row is stored', async () => {
    await havePlan('starter');
    const query = createBatchCsv.parse({ currency: 'EUR', rail: 'sandbox' });
    const { id } = made(await receiveCsv(ctx(), query, spooled(rows(MOST + 1)), { respondAsync: true }));
    await takeIn(world.worker({}, tenantId), uuidOf(id), new AbortController().signal);
    const [batch] = await world.sqlIn<{ state: string; code: string }>(
      tenantId,
      `SELECT c.state, u.refusal->>'code' AS code FROM batch_control c JOIN upload u USING (tenant_id, batch_id) WHERE c.batch_id = $1`,
      [uuidOf(id)],
    );
    expect(batch).toEqual({ state: 'refused', code: 'plan_limit' });
    expect([await count('payout_item'), await count('payee')]).toEqual([0, 0]);
  });
});

describe('batches a day', () => {
  const MOST = most('starter', 'batches');

  test('of 64 creations at once as many pass as the plan has room for [S2-16]', async () => {
    await havePlan('starter');
    must(await create(ctx(), { items: items(1) }));
    const codes = (await Promise.all(Array.from({ length: AT_ONCE }, () => create(ctx(), { items: items(1) })))).map(codeOf);
    expect(codes.filter((code) => code === 'ok')).toHaveLength(MOST - 1);
    expect(codes.filter((code) => code === 'plan_limit')).toHaveLength(AT_ONCE - MOST + 1);
    expect(await count('payout_batch')).toBe(MOST);
    const refused = await create(ctx(), { items: items(1) });
    expect(extraOf(refused)).toEqual({ plan: 'starter', limit: 'batches', allowed: MOST, used: MOST, allowed_by: 'pro' });
    // Another workspace, and a validation, count for themselves.
    expect(codeOf(await create(ctx(), { items: items(1) }, 'validate only'))).toBe('ok');
    expect(codeOf(await create(world.as(world.preparer), { items: items(1) }))).toBe('ok');
  });

  test('files and JSON are counted together, and those of another day are not', async () => {
    await havePlan('starter');
    for (let i = 1; i < MOST; i++) must(await create(ctx(), { items: items(1) }));
    must(await upload(ctx(), rows(1)));
    expect([codeOf(await upload(ctx(), rows(2))), codeOf(await create(ctx(), { items: items(1) }))]).toEqual(['plan_limit', 'plan_limit']);
    expect(await count('payout_batch')).toBe(MOST);
    await world.sqlIn(tenantId, `UPDATE payout_batch SET created_at = date_trunc('day', now(), 'UTC') - interval '1 second' WHERE tenant_id = $1`, [
      tenantId,
    ]);
    expect(codeOf(await upload(ctx(), rows(2)))).toBe('ok');
  });
});

describe('people', () => {
  const MOST = most('starter', 'people');

  test('are invited up to the plan, and of many who accept at once as many join as there is room for', async () => {
    await havePlan('starter');
    const addresses = Array.from({ length: MOST + 3 }, newAddress);
    for (const email of addresses) must(await invite(email));
    const tokens = await Promise.all(addresses.map(tokenTo));
    const codes = (await Promise.all(tokens.map(accept))).map(codeOf);
    expect(codes.filter((code) => code === 'ok')).toHaveLength(MOST - 1);
    expect(codes.filter((code) => code === 'plan_limit')).toHaveLength(4);
    expect(await count('membership')).toBe(MOST);
    const refused = await invite(newAddress());
    expect(extraOf(refused)).toEqual({ plan: 'starter', limit: 'people', allowed: MOST, used: MOST, allowed_by: 'pro' });
    // The invitation stayed open.
    await havePlan('pro');
    expect(codeOf(await accept(tokens[codes.indexOf('plan_limit')] ?? ''))).toBe('ok');
  });

  test('who is disabled takes no place, and is let in again only where there is one', async () => {
    await havePlan('starter');
    const out = await world.person('auditor', [tenantId]);
    must(await disablePerson(ctx(), { person_id: out.id }));
    for (let i = 1; i < MOST; i++) await world.person('auditor', [tenantId]);
    expect(codeOf(await enablePerson(ctx(), { person_id: out.id }))).toBe('plan_limit');
    await havePlan('pro');
    expect(codeOf(await enablePerson(ctx(), { person_id: out.id }))).toBe('ok');
    await havePlan('starter');
    // They are in already.
    expect(codeOf(await enablePerson(ctx(), { person_id: out.id }))).toBe('ok');
  });
});

describe('API keys', () => {
  const MOST = most('team', 'api_keys');

  test('are made up to the plan; one that ended, or took the place of another, takes no more room', async () => {
    await havePlan('team');
    await keys(MOST - 1);
    const last = must(await newKey());
    const refused = await newKey();
    expect(extraOf(refused)).toEqual({ plan: 'team', limit: 'api_keys', allowed: MOST, used: MOST, allowed_by: 'growth' });
    must(await rotateApiKey(ctx(), { key_id: uuidOf(last.id), grace_seconds: 60, code: await world.freshCode(owner) }));
    expect(await count('api_key')).toBe(MOST + 1);
    expect(codeOf(await newKey())).toBe('plan_limit');
    await world.sqlIn(tenantId, 'UPDATE api_key SET revoked_at = now() WHERE id = $1', [
      (await world.sqlIn<{ id: string }>(tenantId, 'SELECT id FROM api_key WHERE tenant_id = $1 AND rotated_at IS NULL LIMIT 1', [tenantId]))[0]?.id,
    ]);
    expect(codeOf(await newKey())).toBe('ok');
  });

  test('are not made at all in a plan without access by key, and no code is used up [S2-16]', async () => {
    await havePlan('pro');
    const code = await world.freshCode(owner);
    const refused = await createApiKey(ctx(), { name: 'a key', scopes: ['batches.read'], code });
    expect([codeOf(refused), extraOf(refused)]).toEqual(['plan_required', { plan: 'pro', allowed_by: 'team' }]);
    await havePlan('team');
    expect(codeOf(await createApiKey(ctx(), { name: 'a key', scopes: ['batches.read'], code }))).toBe('ok');
  });
});

test('a smaller plan leaves what is there, and adds nothing to it', async () => {
  await keys(most('team', 'api_keys') + 2);
  for (let i = 0; i < most('starter', 'people'); i++) await world.person('auditor', [tenantId]);
  const batch = made(await create(ctx(), { items: items(most('starter', 'items') + 1) }));
  await havePlan('team');
  expect(codeOf(await newKey())).toBe('plan_limit');
  await havePlan('starter');
  expect(codeOf(await invite(newAddress()))).toBe('plan_limit');
  expect([await count('api_key'), await count('membership')]).toEqual([most('team', 'api_keys') + 2, most('starter', 'people') + 1]);
  expect(batch.state).toBe('queued');
  expect(await count('payout_item')).toBe(most('starter', 'items') + 1);
});
