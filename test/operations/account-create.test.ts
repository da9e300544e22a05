import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createAccount } from '../../operations/ledger/create-account.js';
import { topUp } from '../../operations/ledger/top-up.js';
import { systemEntropy } from '../../vault/entropy.js';
import { create, type IntakeWorld, openIntakeWorld } from '../world/intake.js';
import { iban } from '../world/payees.js';
import { codeOf, made, must, refusalOf, uuidOf } from '../world/wire.js';

let world: IntakeWorld;
beforeAll(async () => {
  world = await openIntakeWorld();
}, 120_000);
afterAll(() => world?.close());

const account = (name: string, currency = 'EUR') => createAccount(world.as(world.preparer), { kind: 'funding', name, currency });
const batch = (more: object = {}) => {
  const payee = { reference: 'p-1', name: 'Payee', country: 'DE', iban: iban(1) };
  return create(world.as(world.preparer), { items: [{ payee, amount: 10, reference: 'one' }], ...more });
};

test('a second account in a currency can be named by a batch; the default stays the first', async () => {
  const second = must(await account('Shop'));
  expect(second).toMatchObject({ kind: 'funding', name: 'Shop', currency: 'EUR', balance: 0 });
  expect(must(await topUp(world.as(world.preparer), { account_id: uuidOf(second.id), amount: 5 })).balance).toBe(5);
  expect(made(await batch({ funding_account: second.id })).funding_account_id).toBe(second.id);
  expect(uuidOf(made(await batch()).funding_account_id)).toBe(world.home.funding);
});

test('the first is the one that the database had first, also when a clock of ours was wrong', async () => {
  const early = '00000000-0000-7000-8000-000000000001';
  await world.sqlIn(world.home.tenantId, `INSERT INTO account (tenant_id, id, kind, currency, name) VALUES ($1, $2, 'funding', 'EUR', 'Early')`, [
    world.home.tenantId,
    early,
  ]);
  expect(uuidOf(made(await batch()).funding_account_id)).toBe(world.home.funding);
});

test('the first account in a currency makes it one that batches are paid in', async () => {
  expect(refusalOf(await batch({ currency: 'JPY' })).errors).toEqual(['funding_account no_such_account']);
  const { id } = must(await account('Yen', 'JPY'));
  expect(made(await batch({ currency: 'JPY' })).funding_account_id).toBe(id);
});

test('a name is used once in a currency, also when many ask for it at once', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => account('Once')));
  expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  expect(refusalOf(await account('Once')).errors).toEqual(['name name_taken']);
  expect((await account('Once', 'JPY')).ok).toBe(true);
});

test('a name that is taken is refused, in the audit log too, which has the hash of a name alone', async () => {
  const name = `Shop ${systemEntropy.newId()}`;
  const { id } = must(await account(name));
  const [event] = await world.sql<{ detail: object; subject_id: string }>(
    `SELECT detail, subject_id FROM audit_event WHERE tenant_id = $1 AND action = 'account.create' AND result = 'ok' ORDER BY id DESC LIMIT 1`,
    [world.home.tenantId],
  );
  expect(event).toEqual({
    subject_id: uuidOf(id),
    detail: { kind: 'funding', currency: 'EUR', name_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  const refused = async () => (await world.results(world.home.tenantId, 'account.create')).filter((result) => result === 'invalid_request').length;
  const before = await refused();
  expect(codeOf(await account(name))).toBe('invalid_request');
  expect(await refused()).toBe(before + 1);
});
