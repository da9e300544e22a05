import { loadavg } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { openDatabase } from '../db/transaction/open.js';
import { tenantTransactions } from '../db/transaction/tenant.js';
import { ensureLogins } from '../dev/postgres/logins.js';
import { migrate } from '../dev/postgres/migrate.js';
import type { AskedPayment } from '../operations/stores/facts.js';
import { cpuMsOf } from './processes.js';

/** Payments of the last 90 days that new ones are compared with, and the batches and payees that they are of. */
const SEEN = 10_000_000;
const SEEN_A_BATCH = 100_000;
const SEEN_A_PAYEE = 100;
const TURNS = 5;

/**
 * How long it takes to find which payments of a batch are paid or open already, among ten million, and to seal its facts: for a batch
 * that repeats nothing and for one that repeats an earlier batch whole. A separate database on the stack's Postgres, as the API's role.
 */
export const measureRepeats = async (stackOwnerUrl: string, dataDir: string, items: number, say: (line: string) => void): Promise<void> => {
  const owner = new URL(stackOwnerUrl);
  const name = `bench_repeats_${items}`;
  const admin = new pg.Client({ connectionString: owner.href });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  owner.pathname = `/${name}`;
  await migrate(owner.href);
  const { api } = await ensureLogins(owner.href, join(dataDir, `${name}-logins.json`));
  const { tenantId, fresh, again, small, asked } = await seed(owner.href, items, say);
  const [database, other] = [openDatabase(api, 1), openDatabase(api, 1)];
  try {
    const who = { tenantId, actor: { type: 'system', process: 'api' }, requestId: 'bench' } as const;
    const [inTenant, inOther] = [tenantTransactions(database, who), tenantTransactions(other, who)];
    const pid = Number((await database.sql.row<{ pid: number }>('setting')`SELECT pg_backend_pid() AS pid`)?.pid);
    const time = async (what: string, work: (turn: number) => Promise<unknown>): Promise<void> => {
      const took: number[] = [];
      const spent: number[] = [];
      for (let turn = 1; turn <= TURNS; turn++) {
        const [from, cpu] = [performance.now(), cpuMsOf(pid)];
        await work(turn);
        took.push(performance.now() - from);
        spent.push(cpuMsOf(pid) - cpu);
      }
      const spread = (ms: number[]): string => {
        const [least = 0, ...more] = ms.sort((a, b) => a - b).map(Math.round);
        return `${more[(TURNS - 1) / 2 - 1]} ms (${least}–${more.at(-1)})`;
      };
      console.log(`${what}: ${spread(took)}, of the database's CPU ${spread(spent)}; load ${loadavg()[0]?.toFixed(1)}`);
    };
    const options = { timeoutMs: 600_000 };
    const [never, repeated] = [asked('NEVER'), asked('INV')];
    await time(`${items} payments of a request, no repeat among ${SEEN}`, () => inTenant((stores) => stores.facts.repeatsOf(never, 'EUR'), options));
    await time(`${items} payments of a request, all repeats`, () => inTenant((stores) => stores.facts.repeatsOf(repeated, 'EUR'), options));
    await time(`facts of ${items} stored items, no repeat`, (turn) => inTenant((stores) => stores.facts.seal(fresh, turn), options));
    await time(`facts of ${items} stored items, all repeats`, (turn) => inTenant((stores) => stores.facts.seal(again, turn), options));
    const sealing = inOther((stores) => stores.facts.seal(fresh, TURNS + 1), options);
    await time('facts of one item, begun while those are computed', (turn) => inTenant((stores) => stores.facts.seal(small, turn), options));
    await sealing;
    await time('facts for a challenge', () => inTenant((stores) => stores.facts.get(fresh, 1), options));
  } finally {
    await database.close();
    await other.close();
  }
};

const seed = async (url: string, items: number, say: (line: string) => void) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const [organization, tenantId, connection, funding, earlier, again, fresh, small] = Array.from({ length: 8 }, () => uuidv7()) as [
    ...[string, string, string, string, string, string, string, string],
  ];
  const run = (text: string, values: unknown[]) => client.query(text, values);
  await client.query('BEGIN');
  await run(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId]);
  await run(`INSERT INTO organization (id, name) VALUES ($1, 'bench')`, [organization]);
  await run(`INSERT INTO workspace (tenant_id, organization_id, name, mode) VALUES ($1, $2, 'bench', 'test')`, [tenantId, organization]);
  await run(`INSERT INTO rail_connection (tenant_id, id, rail, name, sealed) VALUES ($1, $2, 'sandbox', 'bench', '')`, [tenantId, connection]);
  await run(`INSERT INTO account (tenant_id, id, kind, currency, name) VALUES ($1, $2, 'funding', 'EUR', 'funding')`, [tenantId, funding]);
  const payees = Math.max(items, SEEN / SEEN_A_PAYEE);
  await run(
    `INSERT INTO payee (tenant_id, id, reference, payee_type, country, sealed_name, first_paid_at, created_at)
     SELECT $1, lpad(to_hex(n), 32, '0')::uuid, 'p' || n, 'individual', 'DE', '', now(), now() - interval '9 days' FROM generate_series(0, $2 - 1) n`,
    [tenantId, payees],
  );
  await run(
    `INSERT INTO payee_destination (tenant_id, id, payee_id, version, kind, sealed, fingerprint, masked, commitment)
     SELECT $1, id, id, 1, 'iban', '', sha256(reference::bytea), 'IBAN DE …1234', decode(repeat('00', 32), 'hex') FROM payee WHERE tenant_id = $1`,
    [tenantId],
  );
  say(`${payees} payees; now ${SEEN} payments`);
  // Pages as full as they are after years of random keys, without the minutes that those take.
  await client.query('DROP INDEX payment_seen_key_idx, payment_seen_tenant_id_payee_id_idx');
  await run(
    `INSERT INTO payment_seen (tenant_id, batch_id, ordinal, payee_id, key)
     SELECT $1, ($2::uuid[])[1 + n / $3], n % $3, lpad(to_hex(n % $4), 32, '0')::uuid,
       hashtextextended('p' || n % $4 || ' ' || 1000 + n % 100 || ' OLD ' || n, uuid_hash_extended($1, 0))
     FROM generate_series(0, $5 - 1) n`,
    [tenantId, Array.from({ length: SEEN / SEEN_A_BATCH }, () => uuidv7()), SEEN_A_BATCH, payees, SEEN],
  );
  await client.query('CREATE INDEX payment_seen_key_idx ON payment_seen (key) WITH (fillfactor = 70)');
  await client.query('CREATE INDEX payment_seen_tenant_id_payee_id_idx ON payment_seen (tenant_id, payee_id)');
  for (const [batch, reference, count] of [
    [earlier, 'INV ', items],
    [again, 'INV ', items],
    [fresh, 'NEW ', items],
    [small, 'ONE ', 1],
  ]) {
    await run(
      `INSERT INTO payout_batch (tenant_id, id, description, rail, connection_id, funding_account_id, currency, chunk_size, source, created_actor)
       VALUES ($1, $2, 'bench', 'sandbox', $3, $4, 'EUR', 1024, 'json', '{}')`,
      [tenantId, batch, connection, funding],
    );
    await run(`INSERT INTO batch_control (tenant_id, batch_id, state) VALUES ($1, $2, 'queued')`, [tenantId, batch]);
    await run(
      `INSERT INTO payout_item (tenant_id, batch_id, ordinal, payee_id, destination_id, reference, remittance, amount, leaf)
       SELECT $1, $2, n, p.id, p.id, $3 || n, '', 1000 + n % 100, sha256(n::text::bytea)
       FROM generate_series(0, $4 - 1) n CROSS JOIN LATERAL (SELECT lpad(to_hex((n::bigint * 7919) % $5), 32, '0')::uuid AS id) p`,
      [tenantId, batch, reference, count, payees],
    );
  }
  await client.query('COMMIT');
  await client.query('VACUUM ANALYZE');
  await client.end();
  const asked = (reference: string) =>
    Array.from({ length: items }, (_, n): AskedPayment => {
      return { payeeId: null, payeeReference: `p${(n * 7919) % payees}`, amount: BigInt(1000 + (n % 100)), reference: `${reference} ${n}` };
    });
  return { tenantId, fresh, again, small, asked };
};
