import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES, type RouteId } from '../../contracts/routes.js';
import { ok, refuse } from '../../domain/result.js';
import type { Context } from '../../operations/context.js';
import { openGate } from '../../operations/gate/open.js';
import { answer } from '../../operations/idempotency/answer.js';
import { idempotent } from '../../operations/idempotency/guard.js';
import { hashedInput } from '../../operations/idempotency/hashed-input.js';
import { topUp } from '../../operations/ledger/top-up.js';
import { latch } from '../harness/latch.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';

jest.setTimeout(120_000);

let world: World;
let admin: Person;
beforeAll(async () => {
  world = await openWorld();
  admin = await world.person('admin');
});
afterAll(() => world?.close());

let keys = 0;
const newKey = () => `key-${++keys}`;

/** Puts `amount` into the funding account under an Idempotency-Key. */
const fund = (key: string, amount: number, { ctx = world.as(admin), leaseMs }: { ctx?: Context; leaseMs?: number } = {}) => {
  const input = { account_id: world.home.funding, amount };
  return idempotent(ctx, { route: 'top_up', key, input, ...(leaseMs === undefined ? {} : { leaseMs }) }, (guarded) => topUp(guarded, input));
};

/** A run that waits inside its transaction until `letGo` is called. */
const held = (ctx: Context, work: (guarded: Context) => ReturnType<typeof topUp>) => {
  const inside = latch();
  const go = latch();
  const run = async (guarded: Context) => {
    inside.open();
    await go.opened;
    return work(guarded);
  };
  return { run, inside: inside.opened, letGo: go.open, ctx };
};

test('of 64 identical requests at once one runs; every other one must wait, or gets the same answer [S1-24]', async () => {
  const before = await world.balance(world.home.funding);
  const key = newKey();
  const answers = await Promise.all(Array.from({ length: 64 }, () => fund(key, 5)));
  expect(await world.balance(world.home.funding)).toBe(before + 5n);
  const first = answers.filter((answer) => answer.ok && !answer.replayed);
  expect(first).toHaveLength(1);
  for (const answer of answers)
    if (answer.ok) expect({ ...answer, replayed: false }).toEqual(first[0]);
    else expect(answer).toMatchObject({ replayed: false, refusal: { code: 'idempotency_in_flight' } });
  expect(await fund(key, 5)).toEqual({ ...first[0], replayed: true });
});

test('another input under the same key is refused and does nothing', async () => {
  const key = newKey();
  await fund(key, 5);
  const before = await world.balance(world.home.funding);
  expect(await fund(key, 6)).toMatchObject({ ok: false, replayed: false, refusal: { code: 'idempotency_key_reused' } });
  expect(await world.balance(world.home.funding)).toBe(before);
});

test('a key belongs to workspace, principal and route', async () => {
  const [key, other] = [newKey(), await world.person('admin')];
  const foreign = await world.workspace();
  await world.sql(`INSERT INTO membership (tenant_id, person_id, roles) VALUES ($1, $2, '{admin}')`, [foreign.tenantId, admin.id], foreign.tenantId);
  const there = world.as(admin, { tenantId: foreign.tenantId });
  expect((await fund(key, 5)).replayed).toBe(false);
  // A new session of the same person is the same principal.
  expect((await fund(key, 5)).replayed).toBe(true);
  expect((await fund(key, 5, { ctx: world.as(other) })).replayed).toBe(false);
  const inForeign = { account_id: foreign.funding, amount: 5 };
  expect(await idempotent(there, { route: 'top_up', key, input: inForeign }, (guarded) => topUp(guarded, inForeign))).toMatchObject({
    ok: true,
    replayed: false,
  });
  const elsewhere = await idempotent(world.as(admin), { route: 'submit_payout_batch', key, input: {} }, async () => refuse('wrong_state', 'no'));
  expect(elsewhere.replayed).toBe(false);
});

describe('leases', () => {
  test.each([60_000, 15 * 60_000])('while the first request is at work a second one waits a few seconds, not its lease of %i ms', async (leaseMs) => {
    const [key, input] = [newKey(), { account_id: world.home.funding, amount: 5 }];
    const first = held(world.as(admin), (guarded) => topUp(guarded, input));
    const running = idempotent(first.ctx, { route: 'top_up', key, input, leaseMs }, first.run);
    await first.inside;
    const second = await fund(key, 5);
    expect(second).toMatchObject({ ok: false, refusal: { code: 'idempotency_in_flight', extra: { retry_after_seconds: 3 } } });
    first.letGo();
    expect(await running).toMatchObject({ ok: true, replayed: false });
    expect(await fund(key, 5)).toMatchObject({ ok: true, replayed: true });
  });

  test('a request whose lease has ended is taken over, and what the first one still does is rolled back [S1-24]', async () => {
    const before = await world.balance(world.home.funding);
    const [key, input] = [newKey(), { account_id: world.home.funding, amount: 5 }];
    const stalled = held(world.as(admin), (guarded) => topUp(guarded, input));
    const late = idempotent(stalled.ctx, { route: 'top_up', key, input, leaseMs: 0 }, stalled.run);
    await stalled.inside;
    const takenOver = await fund(key, 5);
    expect(takenOver).toMatchObject({ ok: true, replayed: false });
    stalled.letGo();
    expect(await late).toMatchObject({ ok: false, refusal: { code: 'idempotency_in_flight' } });
    expect(await world.balance(world.home.funding)).toBe(before + 5n);
    expect(await fund(key, 5)).toEqual({ ...takenOver, replayed: true });
  });

  test('an ended lease is not handed to another input', async () => {
    const [key, input] = [newKey(), { account_id: world.home.funding, amount: 5 }];
    const stalled = held(world.as(admin), (guarded) => topUp(guarded, input));
    const running = idempotent(stalled.ctx, { route: 'top_up', key, input, leaseMs: 0 }, stalled.run);
    await stalled.inside;
    expect(await fund(key, 6)).toMatchObject({ ok: false, refusal: { code: 'idempotency_key_reused' } });
    stalled.letGo();
    expect(await running).toMatchObject({ ok: true });
  });

  test('a request that died between its commit and its answer is answered, not done again [S1-24]', async () => {
    const [who, batch] = [await world.person('approver'), await world.batch()];
    const input = {
      gate: 'approve' as const,
      batch_id: batch.id,
      challenge_id: await world.challenge(who, 'approve', batch.id),
      code: await world.code(who),
    };
    const request = { route: 'approve_payout_batch' as const, key: newKey(), input };
    const dying = world.as(who, { services: { failpoint: () => Promise.reject(new Error('died')) } });
    await expect(idempotent(dying, request, (guarded) => openGate(guarded, input))).rejects.toThrow('died');
    const again = await idempotent(world.as(who), request, (guarded) => openGate(guarded, input));
    expect(again).toMatchObject({ ok: true, replayed: true, value: { state: 'approved', row_version: 2 } });
  });

  test('a run that throws before it commits frees its key', async () => {
    const key = newKey();
    const input = { account_id: world.home.funding, amount: 5 };
    const failing = idempotent(world.as(admin), { route: 'top_up', key, input }, (guarded) =>
      guarded.inTenant(async () => {
        throw new Error('broken');
      }),
    );
    await expect(failing).rejects.toThrow('broken');
    expect(await fund(key, 5)).toMatchObject({ ok: true, replayed: false });
  });
});

test('an `ok` with a resource is not taken for the answer: only `answer` is stored in its transaction', async () => {
  const request = { route: 'create_payee' as const, key: newKey(), input: {} };
  const looksLikeOne = ok({ object: 'payee', id: 'payee_1' });
  const rowOf = async () => {
    return world.sql<{ status: number | null }>('SELECT status FROM idempotency_key WHERE key = $1', [request.key]);
  };
  const plain = idempotent(world.as(admin), request, async (guarded) => {
    await guarded.inTenant(async () => looksLikeOne);
    expect(await rowOf()).toEqual([{ status: null }]);
    throw new Error('broken after the commit');
  });
  await expect(plain).rejects.toThrow('broken after the commit');
  expect(await rowOf()).toEqual([]);

  const marked = idempotent(world.as(admin), request, async (guarded) => {
    await guarded.inTenant(async () => answer(looksLikeOne.ok && looksLikeOne.value));
    throw new Error('broken after the commit');
  });
  await expect(marked).rejects.toThrow('broken after the commit');
  expect(await rowOf()).toEqual([{ status: 201 }]);
});

describe('what is stored', () => {
  test('a wrong code is not stored: the same key works with the right one, and then keeps that answer', async () => {
    const [who, batch, key] = [await world.person('approver'), await world.batch(), newKey()];
    const input = { gate: 'approve' as const, batch_id: batch.id, challenge_id: await world.challenge(who, 'approve', batch.id) };
    const approve = (code: string) =>
      idempotent(world.as(who), { route: 'approve_payout_batch', key, input: { ...input, code } }, (guarded) =>
        openGate(guarded, { ...input, code }),
      );
    expect(await approve(await world.wrongCode(who))).toMatchObject({ ok: false, refusal: { code: 'code_wrong' } });
    expect(await approve(await world.code(who))).toMatchObject({ ok: true, replayed: false, value: { state: 'approved' } });
    expect(await approve(await world.code(who, 1))).toMatchObject({ ok: true, replayed: true, value: { state: 'approved' } });
  });

  test.each([
    ['wrong_state', true],
    ['not_found', true],
    ['code_wrong', false],
    ['otp_step_used', false],
    ['factor_locked', false],
    ['unauthenticated', false],
    ['rate_limited', false],
    ['audit_behind', false],
    ['internal', false],
  ] as const)('a refusal with %s: kept is %s', async (code, kept) => {
    const request = { route: 'submit_payout_batch' as const, key: newKey(), input: {} };
    let runs = 0;
    const run = async () => {
      runs++;
      return refuse(code, 'no', { extra: { state: 'draft' } });
    };
    const first = await idempotent(world.as(admin), request, run);
    expect(await idempotent(world.as(admin), request, run)).toEqual({ ...first, replayed: kept });
    expect(runs).toBe(kept ? 1 : 2);
  });

  test('an answer that shows a secret is not stored; a repetition names the record [S2-12]', async () => {
    const routes = Object.entries(ROUTES as Record<string, RouteShape>).filter(([, shape]) => shape.returnsSecret);
    expect(routes.length).toBeGreaterThan(0);
    for (const [route] of routes) {
      const request = { route: route as RouteId, key: newKey(), input: { name: 'mine' } };
      const run = async (guarded: Context) => guarded.inTenant(async () => answer({ object: 'thing', id: 'key_1', secret: 'sluice_test_x' }));
      expect(await idempotent(world.as(admin), request, run)).toMatchObject({ ok: true, value: { secret: 'sluice_test_x' } });
      expect(await idempotent(world.as(admin), request, run)).toMatchObject({
        refusal: { code: 'secret_not_replayable', extra: { subject: 'key_1' } },
      });
      expect(await world.sql('SELECT answer, subject FROM idempotency_key WHERE key = $1', [request.key])).toEqual([
        { answer: null, subject: 'key_1' },
      ]);
    }
  });

  test('answers are stored sealed', async () => {
    const request = { route: 'create_payee' as const, key: newKey(), input: {} };
    await idempotent(world.as(admin), request, (guarded) => guarded.inTenant(async () => answer({ object: 'payee', name: 'Erika Mustermann' })));
    const [row] = await world.sql<{ answer: Buffer; status: number }>('SELECT answer, status FROM idempotency_key WHERE key = $1', [request.key]);
    expect(row?.status).toBe(201);
    expect(row?.answer.includes('Erika')).toBe(false);
    expect(await idempotent(world.as(admin), request, async () => ok(null))).toMatchObject({ replayed: true, value: { name: 'Erika Mustermann' } });
  });
});

test('every member that a contract marks secret stays out of the hash, and every other one is in it', () => {
  expect(hashedInput('create_session', { email: 'a@b.example', password: 'p', code: '123456' })).toEqual({ email: 'a@b.example' });
  expect(hashedInput('approve_payout_batch', { batch_id: 'b', challenge_id: 'c', code: '123456' })).toEqual({ batch_id: 'b', challenge_id: 'c' });
  const items = [{ amount: 1, payee: { reference: 'r', iban: undefined } }];
  expect(hashedInput('create_payout_batch', { validate_only: false, items })).toEqual({
    validate_only: false,
    items: [{ amount: 1, payee: { reference: 'r' } }],
  });
  for (const [route, { params, query, body }] of Object.entries(ROUTES as Record<string, RouteShape>)) {
    const members = Object.entries({ ...params?.shape, ...query?.shape, ...(body instanceof z.ZodObject ? body.shape : {}) });
    const open = members.filter(([, schema]) => !isSecret(schema)).map(([name]) => name);
    const all = Object.fromEntries(members.map(([name]) => [name, 'x']));
    expect(Object.keys(hashedInput(route as RouteId, all) as object).sort()).toEqual(open.sort());
  }
});

/** Whether a member is marked secret, by itself or under what makes it optional. */
const isSecret = (schema: z.core.$ZodType): boolean =>
  z.globalRegistry.get(schema)?.['secret'] === true || (schema instanceof z.ZodOptional && isSecret(schema.def.innerType));
