import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Database, openDatabase, type Tx } from '../../db/transaction/open.js';
import { direct, withConnection } from '../../db/transaction/sql.js';
import { tenantTransactions } from '../../db/transaction/tenant.js';
import type { Stores } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type TestDatabase, testDatabase } from '../harness/database.js';

let server: TestDatabase;
let database: Database;
beforeAll(async () => {
  server = await testDatabase();
  database = openDatabase(server.urls.worker, 1);
}, 120_000);
afterAll(async () => {
  await database?.$disconnect();
  await server?.drop();
});

const transaction = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
  withConnection((connection) => database.$transaction((orm) => work(direct(orm, connection))));

describe('statements straight to the connection', () => {
  test('run in the very transaction of the ORM', async () => {
    const tenantId = systemEntropy.newId();
    const [mine, theirs] = await transaction(async (tx) => {
      await tx.$executeRaw`SELECT set_config('app.tenant_id', ${tenantId}, true)`;
      const [own] = await tx.$queryRaw<{ id: string; pid: number }[]>`SELECT current_setting('app.tenant_id') AS id, pg_backend_pid() AS pid`;
      expect(await tx.workspace.count()).toBe(0);
      const [again] = await tx.$queryRaw<{ id: string; pid: number }[]>`SELECT current_setting('app.tenant_id') AS id, pg_backend_pid() AS pid`;
      return [own, again];
    });
    expect(mine).toEqual(theirs);
    expect(mine?.id).toBe(tenantId);
  });

  test('give the types that the ORM gives', async () => {
    const [row] = (await transaction(
      (
        tx,
      ) => tx.$queryRaw`SELECT 9007199254740993::bigint AS big, 1::int AS small, 0.5::float8 AS real, 'a'::text AS text, true AS yes, NULL::text AS none,
        '\\x00ff'::bytea AS bytes, '{"a":[1]}'::jsonb AS json, ARRAY[1, 2] AS list, '2026-01-02T03:04:05.678Z'::timestamptz AS at`,
    )) as Record<string, unknown>[];
    expect({ ...row, bytes: [...((row?.['bytes'] ?? []) as Uint8Array)] }).toEqual({
      ...{ big: 9007199254740993n, small: 1, real: 0.5, text: 'a', yes: true, none: null, bytes: [0, 255], json: { a: [1] }, list: [1, 2] },
      at: new Date('2026-01-02T03:04:05.678Z'),
    });
  });

  test('are refused once the transaction has ended, so that nothing late gets into that of the next', async () => {
    const late = await transaction(async (tx) => ({ query: () => tx.$queryRaw`SELECT 1` }));
    await transaction(async () => {
      await expect(late.query()).rejects.toThrow('this transaction has ended');
    });
  });

  test('fail without the row that Postgres refused', async () => {
    const failed = transaction((tx) => tx.$queryRaw`SELECT 1 / (length(${'secret of a payee'}) - 17)`);
    await expect(failed).rejects.toMatchObject({ code: '22012' });
    const inTenant = tenantTransactions(database, { tenantId: systemEntropy.newId(), actor: { type: 'system', process: 'worker' }, requestId: 'r' });
    const refused = inTenant((stores) =>
      stores.parked.park([
        {
          ...{
            id: systemEntropy.newId(),
            connectionId: systemEntropy.newId(),
            paymentKey: 'the payee',
            outcome: 'paid',
            rank: 1,
            amount: 1n,
            currency: 'EUR',
          },
          ...{ providerReference: null, reason: null as unknown as string, inboundId: null },
        },
      ]),
    );
    const error: unknown = await refused.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: '23502' });
    expect(JSON.stringify({ ...(error as object), text: String(error) })).not.toContain('the payee');
  });
});

test('a transaction that outlasts its time is rolled back; a deed that needs more says so', async () => {
  const who = { tenantId: systemEntropy.newId(), actor: { type: 'system', process: 'worker' }, requestId: 'r' } as const;
  const hasty = tenantTransactions(database, who, { timeoutMs: 100 });
  const slow = async (stores: Stores) => {
    await new Promise((done) => setTimeout(done, 500));
    return stores.audit.lag();
  };
  await expect(hasty(slow)).rejects.toThrow();
  expect(await hasty(slow, { timeoutMs: 60_000 })).toMatchObject({ waiting: 0 });
});
