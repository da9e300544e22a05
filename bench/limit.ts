import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { type ItemTransition, transitionBlock } from '../domain/item/transitions.js';

/**
 * The limit: the same life cycle of the same rows in the database alone, without Temporal, HTTP, encryption, digests or an ORM.
 * Intent: a dispatch and its event. Settlement: submitting → paid by the function that moves items, with the block of transitions,
 * transfers, hold, counters and event. The report gives Sluice's end-to-end rate as a share of this rate in the same run.
 */
export interface LimitRun {
  items: number;
  seconds: number;
  itemsPerSecond: number;
}

export interface LimitTerms {
  ownerUrl: string;
  workerUrl: string;
  items: number;
  chunkSize: number;
  /** Chunks in flight, each on its own connection. */
  window: number;
  /** Runs between intent and settlement of a chunk: a bare HTTP loop, for a rail that sends payments one by one. */
  send?: (batchId: string, from: number, to: number) => Promise<void>;
}

/** Inserts a batch of `items` and measures its life cycle. */
export const measureLimit = async ({ ownerUrl, workerUrl, items, chunkSize, window, send = async () => {} }: LimitTerms): Promise<LimitRun> => {
  const ids = await insertBatch(ownerUrl, items, chunkSize);
  const pool = new pg.Pool({ connectionString: workerUrl, max: window, options: '-c plan_cache_mode=force_generic_plan' });
  await Promise.all(Array.from({ length: window }, async () => (await pool.connect()).release()));
  const chunks = Array.from({ length: Math.ceil(items / chunkSize) }, (_, chunk) => chunk);
  const started = process.hrtime.bigint();
  await Promise.all(
    Array.from({ length: window }, async () => {
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) await payChunk(pool, ids, chunk, chunkSize, items, send);
    }),
  );
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  await pool.end();
  return { items, seconds, itemsPerSecond: items / seconds };
};

interface Ids {
  tenant: string;
  batch: string;
  connection: string;
}

const payChunk = async (
  pool: pg.Pool,
  ids: Ids,
  chunk: number,
  size: number,
  items: number,
  send: NonNullable<LimitTerms['send']>,
): Promise<void> => {
  const from = chunk * size;
  const to = Math.min(from + size, items);
  await transaction(pool, ids.tenant, async (run) => {
    const event = uuidv7();
    await run('control', 'SELECT state FROM batch_control WHERE tenant_id = $1 AND batch_id = $2', [ids.tenant, ids.batch]);
    await run(
      'dispatch',
      `INSERT INTO dispatch (tenant_id, batch_id, chunk, attempt, purpose, first_ordinal, end_ordinal, connection_id, renderer_version, artefact_hash, sent_from,
         lease_until, item_count, event_id)
       VALUES ($1, $2, $3, 1, 'first', $7, $8, $4, 1, $5, now(), now() + interval '30 s', $6, $9)`,
      [ids.tenant, ids.batch, chunk, ids.connection, randomBytes(32), to - from, from, to, event],
    );
    await audit(run, ids, chunk, event, 1);
  });
  await send(ids.batch, from, to);
  await transaction(pool, ids.tenant, async (run) => {
    const event = uuidv7();
    const steps = Array.from({ length: to - from }, (_, n): ItemTransition => {
      const ordinal = from + n;
      return { ...PAID, ordinal, providerReference: `pay_${ordinal}` };
    });
    await run('settle', 'SELECT sluice_move_items($1, $2, $3, 1000, 1000)', [
      ids.batch,
      [event],
      [transitionBlock({ source: 'answer', chunk }, steps)],
    ]);
    await audit(run, ids, chunk, event, 2);
  });
};

type Run = (name: string, text: string, values: unknown[]) => Promise<unknown>;

const audit = async (run: Run, ids: Ids, chunk: number, event: string, seq: number): Promise<void> => {
  const subject = `${ids.batch}/${chunk}`;
  await run(
    'head',
    `INSERT INTO audit_head (tenant_id, subject_type, subject_id, seq, leaf) VALUES ($1, 'chunk', $2, 1, $3)
     ON CONFLICT (tenant_id, subject_type, subject_id) DO UPDATE SET seq = audit_head.seq + 1, leaf = excluded.leaf`,
    [ids.tenant, subject, randomBytes(32)],
  );
  await run(
    'event',
    `INSERT INTO audit_event (tenant_id, id, at, actor, request_id, subject_type, subject_id, subject_seq, previous, action, result, detail, leaf)
     VALUES ($1, $2, now(), '{"type":"system","process":"worker"}', 'bench', 'chunk', $3, $4, $5, 'chunk.settle', 'ok', '{}', $5)`,
    [ids.tenant, event, subject, seq, randomBytes(32)],
  );
};

const transaction = async (pool: pg.Pool, tenant: string, work: (run: Run) => Promise<void>): Promise<void> => {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query({ name: 'tenant', text: `SELECT set_config('app.tenant_id', $1, true)`, values: [tenant] });
    await work((name, text, values) => client.query({ name, text, values }));
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
};

const PAID = { version: 1, from: 'submitting', to: 'paid', rank: 2, source: 'answer', inboundId: null, reason: null } as const;

const AMOUNT = 1_000;
const PAYEES = 1_000;

/** Inserts a batch of `items` that is executing and has its hold, as the intent transaction finds it. */
const insertBatch = async (ownerUrl: string, items: number, chunkSize: number): Promise<Ids> => {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  const [organization, tenant, connection, batch, external, funding, held, paidOut, hold, returns, suspense] = Array.from({ length: 11 }, () =>
    uuidv7(),
  ) as [string, string, string, string, string, string, string, string, string, string, string];
  const total = items * AMOUNT;
  await client.query('BEGIN');
  await client.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenant]);
  await client.query(`INSERT INTO organization (id, name) VALUES ($1, 'bench')`, [organization]);
  await client.query(`INSERT INTO workspace (tenant_id, organization_id, name, mode) VALUES ($1, $2, 'bench', 'test')`, [tenant, organization]);
  await client.query(`INSERT INTO rail_connection (tenant_id, id, rail, name, sealed) VALUES ($1, $2, 'sandbox', 'bench', '')`, [tenant, connection]);
  await client.query(
    `INSERT INTO payee (tenant_id, id, reference, payee_type, country, sealed_name) SELECT $1, gen_random_uuid(), 'p' || n, 'individual', 'DE', '' FROM generate_series(1, $2) n`,
    [tenant, PAYEES],
  );
  await client.query(
    `INSERT INTO payee_destination (tenant_id, id, payee_id, version, kind, sealed, fingerprint, masked, commitment)
     SELECT $1, gen_random_uuid(), id, 1, 'iban', '', '', '', decode(repeat('00', 32), 'hex') FROM payee WHERE tenant_id = $1`,
    [tenant],
  );
  for (const [id, kind] of [
    [external, 'external'],
    [funding, 'funding'],
    [held, 'held'],
    [paidOut, 'paid_out'],
    [returns, 'returns'],
    [suspense, 'suspense'],
  ])
    await client.query(`INSERT INTO account (tenant_id, id, kind, currency, name) VALUES ($1, $2, $3, 'EUR', $3)`, [tenant, id, kind]);
  for (const [debit, credit, kind] of [
    [external, funding, 'top_up'],
    [funding, held, 'hold'],
  ])
    await client.query(
      `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, event_id) VALUES ($1, gen_random_uuid(), $2, $3, $4, 'EUR', $5, $1)`,
      [tenant, debit, credit, total, kind],
    );
  await client.query(
    `INSERT INTO payout_batch (tenant_id, id, description, rail, connection_id, funding_account_id, currency, chunk_size, source, created_actor)
     VALUES ($1, $2, 'bench', 'sandbox', $3, $4, 'EUR', $5, 'json', '{}')`,
    [tenant, batch, connection, funding, chunkSize],
  );
  await client.query(`INSERT INTO batch_control (tenant_id, batch_id, state) VALUES ($1, $2, 'executing')`, [tenant, batch]);
  await client.query(`INSERT INTO batch_counter (tenant_id, batch_id, open) VALUES ($1, $2, $3)`, [tenant, batch, items]);
  await client.query(
    `INSERT INTO hold (tenant_id, id, batch_id, content_version, account_id, currency, amount, remaining) VALUES ($1, $2, $3, 1, $4, 'EUR', $5, $5)`,
    [tenant, hold, batch, funding, total],
  );
  await client.query(
    `INSERT INTO payout_item (tenant_id, batch_id, ordinal, payee_id, destination_id, reference, remittance, amount, leaf)
     SELECT $1, $2, n, d.payee_id, d.id, 'ref-' || n, '', $3, sha256(n::text::bytea)
     FROM generate_series(0, $4 - 1) n JOIN (SELECT payee_id, id, row_number() OVER () - 1 AS at FROM payee_destination WHERE tenant_id = $1) d ON d.at = n % $5`,
    [tenant, batch, AMOUNT, items, PAYEES],
  );
  await client.query('COMMIT');
  await client.query('ANALYZE');
  await client.end();
  return { tenant, batch, connection };
};
