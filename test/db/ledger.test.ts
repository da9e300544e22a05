import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { listAccounts } from '../../operations/ledger/list-accounts.js';
import { listTransfers } from '../../operations/ledger/list-transfers.js';
import { topUp } from '../../operations/ledger/top-up.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
let admin: Person;
beforeAll(async () => {
  world = await openWorld();
  admin = await world.person('admin');
});
afterAll(() => world?.close());

const inForeign = async (mode: 'live' | 'test' = 'test') => {
  const foreign = await world.workspace({ mode, funds: 7n });
  return { foreign, there: world.as(await world.person('admin', [foreign.tenantId]), { tenantId: foreign.tenantId, mode }) };
};

test('accounts and transfers of one workspace are not there for another [S1-02]', async () => {
  const { foreign, there } = await inForeign();
  await there.inTenant(async ({ accounts, transfers }) => {
    expect(await accounts.get(world.home.funding)).toBeNull();
    expect(await accounts.lock([world.home.funding])).toEqual([]);
    expect((await accounts.funding('EUR'))?.id).toBe(foreign.funding);
    expect((await accounts.list({ limit: 200 })).rows.map(({ id }) => id).sort()).toEqual([foreign.external, foreign.funding, foreign.held].sort());
    expect((await transfers.list({ limit: 200 })).rows.every(({ creditAccountId }) => creditAccountId === foreign.funding)).toBe(true);
    expect((await transfers.list({ limit: 200, accountId: world.home.funding })).rows).toEqual([]);
  });
  expect(await topUp(there, { account_id: world.home.funding, amount: 5 })).toEqual(
    await topUp(there, { account_id: world.home.connectionId, amount: 5 }),
  );
});

test('an account is made once, also when many ask for it at once', async () => {
  const made = await Promise.all(Array.from({ length: 16 }, () => world.as(admin).inTenant(({ accounts }) => accounts.ensure('fees', 'JPY'))));
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
});

test('the worker reads accounts that exist and makes none', async () => {
  const worker = world.worker();
  await expect(worker.inTenant(({ accounts }) => accounts.ensure('in_transit', 'SEK'))).rejects.toThrow(/permission denied/);
  expect((await worker.inTenant(({ accounts }) => accounts.ensure('held', 'EUR'))).id).toBe(world.home.held);
});

test('authorize makes every account that settling needs, so that the worker finds them', async () => {
  const { id } = await world.batch();
  await world.openUpTo('authorize', id);
  const { rows } = await world.as(admin).inTenant(({ accounts }) => accounts.list({ limit: 200, currency: 'EUR' }));
  expect(rows.map(({ kind }) => kind).sort()).toEqual(['external', 'funding', 'held', 'paid_out', 'returns', 'suspense']);
});

test('a top-up moves external → funding, names its audit event, and adds up under concurrency', async () => {
  const before = await world.balance(world.home.funding);
  const answers = await Promise.all(Array.from({ length: 16 }, () => topUp(world.as(admin), { account_id: world.home.funding, amount: 3 })));
  expect(answers.every((answer) => answer.ok)).toBe(true);
  expect(await world.balance(world.home.funding)).toBe(before + 48n);
  const [sum] = await world.sql<{ sum: string }>('SELECT sum(balance) FROM account');
  expect(sum?.sum).toBe('0');
  const unexplained = await world.sql(
    `SELECT 1 FROM transfer t WHERE kind = 'top_up' AND amount = 3 AND NOT EXISTS (SELECT 1 FROM audit_event e WHERE e.id = t.event_id AND e.action = 'ledger.top_up')`,
  );
  expect(unexplained).toEqual([]);
});

test('a top-up is refused on live, beyond 2^53-1, and on what is no funding account', async () => {
  const { foreign, there } = await inForeign('live');
  const codeOf = (answer: Awaited<ReturnType<typeof topUp>>) => (answer.ok ? 'ok' : answer.refusal.code);
  expect(codeOf(await topUp(there, { account_id: foreign.funding, amount: 5 }))).toBe('not_on_live');
  expect(codeOf(await topUp(world.as(admin), { account_id: world.home.held, amount: 5 }))).toBe('not_found');
  expect(codeOf(await topUp(world.as(admin), { account_id: world.home.funding, amount: Number.MAX_SAFE_INTEGER }))).toBe('invalid_request');
  expect(await world.results(world.home.tenantId, 'ledger.top_up')).toEqual(['not_found', 'invalid_request']);
});

test('lists are pages, newest first, without repeats or gaps', async () => {
  const ctx = world.as(admin);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listTransfers(ctx, { limit: 3, account_id: world.home.funding, ...(cursor ? { starting_after: cursor } : {}) });
    if (!page.ok) throw new Error(page.refusal.code);
    seen.push(...page.value.data.map(({ id }) => id));
    cursor = page.value.next_cursor ?? undefined;
    expect(page.value.has_more).toBe(cursor !== undefined);
  } while (cursor);
  const all = await world.sql<{ id: string }>('SELECT id FROM transfer WHERE $1 IN (debit_account_id, credit_account_id) ORDER BY id DESC', [
    world.home.funding,
  ]);
  expect(seen.map(uuidOf)).toEqual(all.map(({ id }) => id));
  expect(await listAccounts(ctx, { limit: 50, kind: 'funding', currency: 'EUR' })).toMatchObject({
    ok: true,
    value: { data: [{ name: 'Main' }], has_more: false },
  });
  for (const list of [listAccounts, listTransfers])
    expect(await list(ctx, { limit: 50, starting_after: `batch_${systemEntropy.newId()}` })).toMatchObject({
      ok: false,
      refusal: { code: 'invalid_request' },
    });
});
