import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { itemIdOf } from '../../cli/find-item.js';
import { fromItemId } from '../../domain/ids.js';
import { settingsOf } from './every-command.js';
import { BATCH, emptyFolder } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const ACCOUNTS = [
  { id: 'acct_0198c2aa7c1e7b3d9f10a4c2e6b80d13', kind: 'funding', name: 'Shop', currency: 'USD', balance: 0 },
  { id: 'acct_0198c2aa7c1e7b3d9f10a4c2e6b80d12', kind: 'funding', name: 'Shop', currency: 'EUR', balance: 0 },
  { id: 'acct_0198c2aa7c1e7b3d9f10a4c2e6b80d11', kind: 'funding', name: 'Main', currency: 'EUR', balance: 0 },
];
const ITEM = itemIdOf(BATCH.id, '3');

/** A workspace with these accounts, and any batch or payee of any name. */
const workspace = async () => {
  const { env, received } = await apiOf(({ path, method }) => {
    if (method === 'POST' && path.startsWith('/v1/accounts')) return { status: 201, body: ACCOUNTS[0] };
    if (path.startsWith('/v1/accounts')) return { status: 200, body: { data: ACCOUNTS, has_more: false, next_cursor: null } };
    if (path.includes('top-ups')) return { status: 201, body: ACCOUNTS[0] };
    if (/(payout-batches|payees)\?/.test(path) && method === 'GET') return { status: 200, body: { data: [BATCH], has_more: false } };
    if (/(items|transfers)\?/.test(path)) return { status: 200, body: { data: [], has_more: false } };
    return { status: 200, body: BATCH };
  });
  const { run, said } = settingsOf(env);
  return { run, said, received };
};

describe('a batch and a payee', () => {
  test.each([
    [['batch', 'show', 'batch_2026-11'], '/v1/payout-batches?external_id=batch_2026-11&limit=1'],
    [['batch', 'show', 'batch_2026-11', '--json'], '/v1/payout-batches?external_id=batch_2026-11&limit=1'],
    [['ledger', 'transfers', '--batch', 'batch_june'], '/v1/payout-batches?external_id=batch_june&limit=1'],
    [['batch', 'show', BATCH.id], `/v1/payout-batches/${BATCH.id}`],
    [['payee', 'show', 'payee_7'], '/v1/payees?reference=payee_7&limit=1'],
  ])('%j: a name that only begins like an id is a name', async (argv, path) => {
    const { run, received } = await workspace();
    await run(argv);
    expect(
      decodeURIComponent(received[0]?.path ?? '')
        .split(/[?&]/)
        .sort(),
    ).toEqual(path.split(/[?&]/).sort());
  });
});

describe('an item', () => {
  test.each([
    ['12', 12],
    ['#12', 12],
    ['0', 0],
    ['2147483647', 2_147_483_647],
    [ITEM, 3],
  ])('%s names one by its number or its id', (name, ordinal) => {
    expect(fromItemId(itemIdOf(BATCH.id, name))?.ordinal).toBe(ordinal);
  });

  test.each(['', '#', '-1', '1.5', '12a', '2147483648', '99999999999', 'item_12'])('%j names none', (name) => {
    expect(() => itemIdOf(BATCH.id, name)).toThrow(/names no item/);
  });

  test('edit leaves items out by number or id, and items go on after a number', async () => {
    const { run, received } = await workspace();
    expect(await run(['batch', 'edit', BATCH.id, '--exclude', '12', '#0', ITEM])).toBe(0);
    expect(JSON.parse(received.at(-1)?.body ?? '').exclude.map((id: string) => fromItemId(id)?.ordinal)).toEqual([12, 0, 3]);
    await run(['batch', 'items', BATCH.id, '--after', '12']);
    expect(received.at(-1)?.path).toContain(`starting_after=${itemIdOf(BATCH.id, '12')}`);
  });
});

describe('a funding account', () => {
  const file = join(emptyFolder(), 'my.csv');
  writeFileSync(file, 'payee_reference,amount\np-1,1.00\n');

  test.each([
    [['ledger', 'top-up', '1.00', '--account', 'Main'], ACCOUNTS[2]?.id],
    [['ledger', 'top-up', '1.00', '--account', ACCOUNTS[1]?.id ?? ''], ACCOUNTS[1]?.id],
    [['ledger', 'transfers', '--account', 'Main'], ACCOUNTS[2]?.id],
    [['batch', 'create', file, '--currency', 'EUR', '--funding-account', 'Shop'], ACCOUNTS[1]?.id],
    [['batch', 'create', file, '--currency', 'USD', '--funding-account', 'Shop'], ACCOUNTS[0]?.id],
  ])('%j is found by id or name', async (argv, id) => {
    const { run, received } = await workspace();
    expect(await run(argv)).toBe(0);
    expect(received.at(-1)?.path).toContain(id);
  });

  test.each([
    [['ledger', 'top-up', '1.00', '--account', 'Shop'], 2, '2 funding accounts are called Shop'],
    [['ledger', 'top-up', '1.00', '--account', 'Nobody'], 1, 'no funding account with the id or name Nobody'],
    [['ledger', 'top-up', '1.00'], 2, 'Give --account: the workspace has 3 funding accounts.'],
    [['batch', 'create', file], 2, 'Give --currency: the workspace has funding accounts in EUR, USD.'],
  ])('%j is not guessed', async (argv, code, says) => {
    const { run, said } = await workspace();
    expect(await run(argv)).toBe(code);
    expect(said.join('\n')).toContain(says);
  });

  test('one more is made by name and currency', async () => {
    const { run, said, received } = await workspace();
    expect(await run(['ledger', 'create-account', 'Shop', '--currency', 'USD'])).toBe(0);
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({ kind: 'funding', name: 'Shop', currency: 'USD' });
    expect(said.join('\n')).toContain(`next: sluice ledger top-up AMOUNT --account ${ACCOUNTS[0]?.id}`);
  });
});
