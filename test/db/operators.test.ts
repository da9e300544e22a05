import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { createOperatorKey, listOperators, revokeOperatorKeys } from '../../dev/operator/operators.js';
import { openWorld, type World } from '../world/open.js';

let world: World;
let owner: pg.Client;
beforeAll(async () => {
  world = await openWorld();
  owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner?.end();
  await world?.close();
});

const who = (token: string) => world.publicContext().operators.operator(createHash('sha256').update(token).digest());

test('an operator is one person, whatever their address is written like and however many keys they have', async () => {
  const { token: first } = await createOperatorKey(owner, { name: 'Ada', email: 'ada@platform.example' });
  const { token: second, name } = await createOperatorKey(owner, { name: 'Somebody', email: 'Ada@Platform.example' });
  expect(name).toBe('Ada');
  expect(first).toMatch(/^slo_[0-9A-Za-z]{39}$/);
  const [one, two] = [await who(first), await who(second)];
  expect(one?.operatorId).toBeDefined();
  expect(two?.operatorId).toBe(one?.operatorId);
  expect(two?.operatorKeyId).not.toBe(one?.operatorKeyId);
  expect(await listOperators(owner)).toEqual([{ name: 'Ada', email: 'ada@platform.example', keys: [first.slice(0, 8), second.slice(0, 8)] }]);
});

test('the credential stands nowhere in the database', async () => {
  const { token } = await createOperatorKey(owner, { name: 'Ben', email: 'ben@platform.example' });
  const { rows } = await owner.query('SELECT to_jsonb(k)::text AS row FROM operator_key k');
  expect(rows.some(({ row }: { row: string }) => row.includes(token.slice(8)))).toBe(false);
});

test('revoking ends every key of an operator at once', async () => {
  const eve = { name: 'Eve', email: 'eve@platform.example' };
  const tokens = [(await createOperatorKey(owner, eve)).token, (await createOperatorKey(owner, eve)).token];
  expect(await revokeOperatorKeys(owner, 'Eve@platform.example')).toBe(2);
  for (const token of tokens) expect(await who(token)).toBeNull();
});
