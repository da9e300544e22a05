import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { takeConnection } from '../../db/transaction/connection.js';
import { type Database, openDatabase, type Tx } from '../../db/transaction/open.js';
import { tableOf } from '../../db/transaction/table.js';
import { tenantTransactions } from '../../db/transaction/tenant.js';
import type { Stores } from '../../operations/ports.js';
import { SUBJECT_KEY } from '../../operations/stores/keys.js';
import type { subject_key } from '../../prisma/generated/client.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type TestDatabase, testDatabase } from '../harness/database.js';
import { latch } from '../harness/latch.js';
import { until } from '../harness/until.js';

let server: TestDatabase;
let database: Database;
let wide: Database;
beforeAll(async () => {
  server = await testDatabase();
  database = openDatabase(server.urls.worker, 1);
  wide = openDatabase(server.urls.worker, 8);
}, 120_000);
afterAll(async () => {
  await database?.close();
  await wide?.close();
  await server?.drop();
});

const transaction = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => database.transaction(work);

describe('statements straight to the connection', () => {
  test('run in the very transaction of the ORM', async () => {
    const tenantId = systemEntropy.newId();
    const [mine, theirs] = await transaction(async (tx) => {
      await tx.sql.run('set')`SELECT set_config('app.tenant_id', ${tenantId}, true)`;
      const [own] = await tx.sql.rows<{ id: string; pid: number }>('set')`SELECT current_setting('app.tenant_id') AS id, pg_backend_pid() AS pid`;
      expect(await tx.orm.workspace.count()).toBe(0);
      const [again] = await tx.sql.rows<{ id: string; pid: number }>('set')`SELECT current_setting('app.tenant_id') AS id, pg_backend_pid() AS pid`;
      return [own, again];
    });
    expect(mine).toEqual(theirs);
    expect(mine?.id).toBe(tenantId);
  });

  test('take rows as arrays: bytes, empty and null ones among them, arrive as they were, and so do no rows', async () => {
    const keys = tableOf<subject_key>()(SUBJECT_KEY);
    const stored = [Buffer.from([0, 255, 0x5c, 0x22, 0x7b]), new Uint8Array(), null, systemEntropy.bytes(300)];
    const rows = stored.map((one) => ({ subjectId: systemEntropy.newId(), stored: one }));
    const read = (some: typeof rows) =>
      transaction(
        (tx) => tx.sql.rows<{ id: string; bytes: Uint8Array | null }>('set')`
        SELECT n.* FROM ${keys.unnest(['subjectId', 'stored'], some)} AS n (id, bytes)`,
      );
    expect((await read(rows)).map(({ id, bytes }) => [id, bytes && [...bytes]])).toEqual(
      rows.map((row) => [row.subjectId, row.stored && [...row.stored]]),
    );
    expect(await read([])).toEqual([]);
  });

  test('give the types that the ORM gives', async () => {
    const [row] = (await transaction(
      (tx) => tx.sql.rows(
        'set',
      )`SELECT 9007199254740993::bigint AS big, 1::int AS small, 0.5::float8 AS real, 'a'::text AS text, true AS yes, NULL::text AS none,
        '\\x00ff'::bytea AS bytes, '{"a":[1]}'::jsonb AS json, ARRAY[1, 2] AS list, '2026-01-02T03:04:05.678Z'::timestamptz AS at`,
    )) as Record<string, unknown>[];
    expect({ ...row, bytes: [...((row?.['bytes'] ?? []) as Uint8Array)] }).toEqual({
      ...{ big: 9007199254740993n, small: 1, real: 0.5, text: 'a', yes: true, none: null, bytes: [0, 255], json: { a: [1] }, list: [1, 2] },
      at: new Date('2026-01-02T03:04:05.678Z'),
    });
  });

  test('fail without the row that Postgres refused', async () => {
    const failed = transaction((tx) => tx.sql.rows('set')`SELECT 1 / (length(${'secret of a payee'}) - 17)`);
    await expect(failed).rejects.toMatchObject({ code: '22012' });
    const inTenant = tenantTransactions(database, { tenantId: systemEntropy.newId(), actor: { type: 'system', process: 'worker' }, requestId: 'r' });
    const refused = inTenant((stores) =>
      stores.parkedEvidence.park([
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

describe('a statement that comes late', () => {
  let owner: Database;
  const id = systemEntropy.newId();
  beforeAll(async () => {
    owner = openDatabase(server.ownerUrl, 1);
    await owner.transaction(({ orm }) => orm.organization.create({ data: { id, name: 'as it was' } }));
  });
  afterAll(() => owner?.close());

  /** Uses a global table, so that only the end of the transaction can refuse the statement. */
  const rename = ({ sql, orm }: Tx, through: 'sql' | 'orm'): Promise<unknown> =>
    through === 'sql'
      ? sql.run('set')`UPDATE organization SET name = 'changed' WHERE id = ${id}::uuid`
      : orm.organization.update({ where: { id }, data: { name: 'changed' } });

  const name = async () => (await owner.transaction(({ orm }) => orm.organization.findUniqueOrThrow({ where: { id } }))).name;

  const leak = async (end: 'commit' | 'rollback'): Promise<Tx> => {
    let leaked: Tx | undefined;
    const run = owner.transaction(async (tx) => {
      leaked = tx;
      if (end === 'rollback') throw new Error('given up');
    });
    await run.catch(() => undefined);
    if (!leaked) throw new Error('the transaction did not begin');
    return leaked;
  };

  test.each([
    ['commit', 'sql'],
    ['commit', 'orm'],
    ['rollback', 'sql'],
    ['rollback', 'orm'],
  ] as const)('after %s touches nothing through %s, nor does it get into the next transaction', async (end, through) => {
    const late = await leak(end);
    await expect(rename(late, through)).rejects.toThrow();
    await owner.transaction(async () => {
      await expect(rename(late, through)).rejects.toThrow();
    });
    expect(await name()).toBe('as it was');
  });

  test.each(['sql', 'orm'] as const)(
    'after a time-out touches nothing through %s, although the rollback still waits for another statement',
    async (through) => {
      const gate = new pg.Client({ connectionString: server.ownerUrl });
      await gate.connect();
      await gate.query('SELECT pg_advisory_lock(7)');
      const begun = latch<Tx>();
      const run = owner.transaction(
        async (tx) => {
          begun.open(tx);
          await tx.sql.run('lock')`SELECT pg_advisory_xact_lock(7)`;
        },
        { timeoutMs: 50 },
      );
      run.catch(() => undefined);
      // The time-out sends ROLLBACK, which waits on the connection behind the lock; a statement sent now would run after it, alone.
      const late = await begun.opened;
      await ended(late);
      const renamed = expect(rename(late, through)).rejects.toThrow();
      await gate.end();
      await renamed;
      await expect(run).rejects.toThrow();
      expect(await name()).toBe('as it was');
    },
  );

  /** Resolves once the transaction refuses; until then its connection is busy with the lock. */
  const ended = async ({ sql }: Tx): Promise<void> => {
    for (;;) {
      const probe = sql.run('setting')`SELECT 1`.then(
        () => false,
        (error: Error) => error.message === 'this transaction has ended',
      );
      if (await Promise.race([probe, new Promise<boolean>((done) => setTimeout(() => done(false), 10))])) return;
    }
  };
});

test('a transaction that outlasts its time is rolled back; one that needs more says so', async () => {
  const inTenant = tenantTransactions(database, { tenantId: systemEntropy.newId(), actor: { type: 'system', process: 'worker' }, requestId: 'r' });
  const slow = async (stores: Stores) => {
    await new Promise((done) => setTimeout(done, 500));
    return stores.audit.lag();
  };
  await expect(inTenant(slow, { timeoutMs: 100 })).rejects.toThrow();
  expect(await inTenant(slow, { timeoutMs: 60_000 })).toMatchObject({ waiting: 0 });
});

test('a transaction on a connection that is dead without anybody knowing ends all the same, and gives its place back', async () => {
  const { hostname, port } = new URL(server.urls.worker);
  let isDead = false;
  const sockets: Socket[] = [];
  const proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on('error', () => undefined).on('close', () => [near, far].map((one) => one.destroy()));
    near.on('data', (bytes) => isDead || far.write(bytes));
    far.on('data', (bytes) => isDead || near.write(bytes));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = new URL(server.urls.worker);
  Object.assign(url, { hostname: '127.0.0.1', port: String((proxy.address() as AddressInfo).port) });
  const through = openDatabase(url.href, 1);
  try {
    const one = ({ sql }: Tx) => sql.row('set')`SELECT 1 AS one`;
    expect(await through.transaction(one)).toEqual({ one: 1 });
    isDead = true;
    let ended = '';
    through.transaction(one, { timeoutMs: 100 }).catch((error: Error) => {
      ended = error.message;
    });
    expect(await until('the end of the transaction', async () => ended || undefined, 20_000)).toMatch('did not answer in time');
    isDead = false;
    expect(await through.transaction(one)).toEqual({ one: 1 });
  } finally {
    for (const socket of sockets) socket.destroy();
    proxy.close();
    await through.close();
  }
}, 30_000);

test('a transaction of a process that stands still keeps its locks for 15 s, and no longer', async () => {
  const lock = ({ sql }: Tx) => sql.run('lock')`SELECT pg_advisory_xact_lock(20261127)`;
  const go = latch();
  const still = transaction(async (tx) => {
    await lock(tx);
    await go.opened;
  });
  const ended = still.catch((error: Error) => error.message);
  await wide.transaction(lock, { timeoutMs: 22_000 }).finally(() => go.open());
  expect(await ended).toMatch(/terminat|ended|connection error/);
}, 60_000);

test('a transaction of which a statement failed says that it did not commit, although its work went on', async () => {
  const swallowing = transaction(async ({ sql }) => {
    await sql.run('set')`SELECT 1 / ${0}::int`.catch(() => undefined);
    return 'done';
  });
  await expect(swallowing).rejects.toThrow('was rolled back');
  expect(await transaction(({ sql }) => sql.row('set')`SELECT 1 AS one`)).toEqual({ one: 1 });
});

test('statements that are sent together run in order, each on what the one before it left', async () => {
  const [, , seen] = await transaction(({ sql }) =>
    Promise.all([
      sql.run('setting')`SELECT set_config('app.tenant_id', ${'first'}, true)`,
      sql.run('setting')`SELECT set_config('app.tenant_id', ${'second'}, true)`,
      sql.row('setting')`SELECT current_setting('app.tenant_id') AS id`,
    ]),
  );
  expect(seen).toEqual({ id: 'second' });
});

test('of statements that are sent together, those after one that failed throw why it failed', async () => {
  const codes = transaction(async ({ sql }) => {
    const divided = (divisor: number) => sql.row('set')`SELECT 1 / ${divisor}::int AS quotient`;
    const answers = await Promise.allSettled([divided(1), divided(0), divided(1)]);
    throw answers.map((answer) => (answer.status === 'rejected' ? (answer.reason as pg.DatabaseError).code : null));
  });
  await expect(codes).rejects.toEqual([null, '22012', '22012']);
});

test('twenty transactions that begin at once each have the ORM and SQL on one connection', async () => {
  const begun = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      wide.transaction(async ({ orm, sql }) => {
        const own = await sql.row<{ pid: number }>('setting')`SELECT pg_backend_pid() AS pid`;
        const [same] = await orm.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        return [n, own?.pid === same?.pid];
      }),
    ),
  );
  expect(begun.every(([, same]) => same)).toBe(true);
});

describe('a connection whose transaction was begun and not ended', () => {
  let pool: pg.Pool;
  beforeAll(() => {
    pool = new pg.Pool({ connectionString: server.urls.worker, max: 1 });
    pool.on('error', () => undefined);
  });
  afterAll(() => pool?.end());

  const pidOf = async (): Promise<number> => (await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid ?? 0;

  test('is closed, although the server has not answered BEGIN yet: the next transaction must not run inside it', async () => {
    const before = await pidOf();
    const connection = await takeConnection(pool);
    const beginning = connection.begin().catch(() => undefined);
    connection.abandon();
    await beginning;
    await connection.end('ROLLBACK');
    await expect(connection.query({ text: 'SELECT 1' })).rejects.toThrow('this transaction has ended');
    expect(await pidOf()).not.toBe(before);
    const { rows } = await pool.query<{ transaction: boolean }>('SELECT now() <> statement_timestamp() AS transaction');
    expect(rows).toEqual([{ transaction: false }]);
  });

  test('is closed when BEGIN fails, so that only its own caller fails', async () => {
    const pid = await pidOf();
    const connection = await takeConnection(pool);
    const killer = new pg.Client({ connectionString: server.urls.worker });
    await killer.connect();
    await killer.query('SELECT pg_terminate_backend($1, 10000)', [pid]);
    await killer.end();
    await expect(connection.begin()).rejects.toThrow();
    expect(await pidOf()).not.toBe(pid);
  });

  test('is given back as it is when nothing was begun', async () => {
    const before = await pidOf();
    (await takeConnection(pool)).abandon();
    expect(await pidOf()).toBe(before);
  });
});
