import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { fromWireId } from '../../domain/ids.js';
import { until } from '../harness/until.js';
import { asOwner } from './harness/owner.js';
import { sampleItems } from './harness/payments.js';
import type { People } from './harness/people.js';
import { ITEMS, ROUNDS } from './harness/rounds.js';
import { openRuns, type Runs } from './harness/runs.js';
import { startWorld, type World } from './harness/world.js';

jest.setTimeout(180_000);

/** A column that the gates signed, and a value that they did not. */
interface Bound {
  table: Table;
  column: string;
  /** SQL of the other value. */
  value: string;
  /** Set where the gates, and not the content, no longer hold. */
  halt?: 'gates_missing';
  /** Which row; by default the item in the middle. */
  row?: 'excluded';
}

type Table = 'payout_batch' | 'batch_content' | 'payout_item' | 'payee_destination' | 'workspace' | 'gate';

const EXCLUDED = ITEMS - 1;
const ROWS: Record<Table, (ordinal: number) => string> = {
  payout_batch: () => 'id = $1',
  batch_content: () => 'batch_id = $1 AND content_version = 2',
  payout_item: (ordinal) => `batch_id = $1 AND ordinal = ${ordinal}`,
  payee_destination: (ordinal) => `id = (SELECT destination_id FROM payout_item WHERE batch_id = $1 AND ordinal = ${ordinal})`,
  workspace: () => '$1::uuid IS NOT NULL',
  gate: () => `batch_id = $1 AND gate = 'approve'`,
};
const ofAnother = (column: string): string => `(SELECT ${column} FROM payout_item WHERE batch_id = $1 AND ordinal = 8)`;

const BOUND: Bound[] = [
  { table: 'payout_batch', column: 'rail', value: `'wire'` },
  { table: 'payout_batch', column: 'connection_id', value: `(SELECT id FROM rail_connection WHERE name = 'Elsewhere')` },
  { table: 'payout_batch', column: 'connection_version', value: '1' },
  { table: 'payout_batch', column: 'connection_settings', value: 'sha256(connection_settings)' },
  { table: 'payout_batch', column: 'funding_account_id', value: `(SELECT id FROM account WHERE kind = 'external')` },
  { table: 'payout_batch', column: 'currency', value: `'USD'` },
  { table: 'payout_batch', column: 'fee_bearer', value: `'payee'` },
  { table: 'payout_batch', column: 'fee_maximum', value: '1' },
  { table: 'payout_batch', column: 'execute_not_before', value: `'2020-01-01'` },
  { table: 'payout_batch', column: 'execute_by', value: `'2100-01-01'` },
  { table: 'batch_content', column: 'size', value: 'size + 1' },
  { table: 'batch_content', column: 'count', value: 'count - 1' },
  { table: 'batch_content', column: 'total', value: 'total + 1' },
  { table: 'batch_content', column: 'digest', value: 'sha256(digest)', halt: 'gates_missing' },
  { table: 'payout_item', column: 'payee_id', value: ofAnother('payee_id') },
  { table: 'payout_item', column: 'destination_id', value: ofAnother('destination_id') },
  { table: 'payout_item', column: 'reference', value: `reference || ' '` },
  { table: 'payout_item', column: 'remittance', value: `'thank you'` },
  { table: 'payout_item', column: 'amount', value: 'amount + 1' },
  { table: 'payout_item', column: 'state', value: `'pending'`, row: 'excluded' },
  { table: 'payout_item', column: 'leaf', value: 'sha256(leaf)', row: 'excluded' },
  { table: 'payee_destination', column: 'sealed', value: 'set_byte(sealed, 40, get_byte(sealed, 40) # 1)' },
  { table: 'workspace', column: 'mode', value: `'live'` },
  { table: 'gate', column: 'digest', value: 'sha256(digest)', halt: 'gates_missing' },
  { table: 'gate', column: 'content_version', value: '1', halt: 'gates_missing' },
];

/** Columns that the gates do not sign: names, notes for people, values that are computed when needed, and states. */
const FREE: Partial<Record<Table, { set: Record<string, string>; kept: readonly string[] }>> = {
  payout_batch: {
    set: {
      external_id: 'gen_random_uuid()',
      description: `'other'`,
      source: `'csv'`,
      allow_duplicates: 'NOT allow_duplicates',
      chunk_size: '2048',
      created_at: `'2020-01-01'`,
    },
    kept: ['tenant_id', 'id', 'source_sha256', 'created_actor'],
  },
  batch_content: { set: { root: 'sha256(root)', created_at: `'2020-01-01'` }, kept: ['tenant_id', 'batch_id', 'content_version'] },
  payout_item: {
    set: { leaf: 'sha256(leaf)' },
    kept: ['tenant_id', 'batch_id', 'ordinal', 'state', 'rank', 'version', 'attempt', 'provider_reference', 'reason', 'look_up_at'],
  },
  payee_destination: {
    set: { kind: `'iban'`, fingerprint: 'sha256(fingerprint)', masked: `'…'`, commitment: 'sha256(commitment)', created_at: `'2020-01-01'` },
    kept: ['tenant_id', 'id', 'payee_id', 'version', 'created_by'],
  },
};

let world: World;
let runs: Runs;
let people: People;
let batchId: string;

beforeAll(async () => {
  world = await startWorld();
  runs = await openRuns(world);
  // Only the owner of the database can do this, so triggers and policies are switched off.
  await asOwner(world, async (client) => {
    await client.query('ALTER TABLE payout_batch DROP CONSTRAINT batch_fee');
    await client.query('ALTER TABLE batch_content DISABLE TRIGGER batch_content_append_only');
    await client.query('ALTER TABLE gate DISABLE TRIGGER USER');
    await client.query('ALTER TABLE batch_control DISABLE TRIGGER USER');
    // The batch pays through version 2.
    await client.query(
      `INSERT INTO rail_connection_version (tenant_id, connection_id, version, settings)
       SELECT tenant_id, connection_id, 2, settings || '{"timeout_ms": 2999}' FROM rail_connection_version`,
    );
    await client.query(
      `WITH elsewhere AS (
         INSERT INTO rail_connection (tenant_id, id, rail, name, sealed)
         SELECT tenant_id, gen_random_uuid(), rail, 'Elsewhere', sealed FROM rail_connection LIMIT 1 RETURNING tenant_id, id
       )
       INSERT INTO rail_connection_version (tenant_id, connection_id, version, settings)
       SELECT e.tenant_id, e.id, v.version, v.settings FROM elsewhere e, rail_connection_version v`,
    );
  });
});

/** A batch with an excluded item, executed while it is paused: once resumed, only the check of its content can stop it. */
const executedWhilePaused = async (): Promise<void> => {
  people = await world.newPeople();
  const items = sampleItems(ITEMS);
  const { preparer, executor } = people;
  await preparer.client.top_up({
    account_id: world.stack.state().funding_account_id,
    amount: items.reduce((sum, { amount }) => sum + amount, 0),
  });
  // Each round pays the same.
  const created = await preparer.client.create_payout_batch({ currency: 'EUR', rail: 'sandbox', allow_duplicates: true, items });
  if (created.object !== 'payout_batch') throw new Error('nothing was created');
  batchId = created.id;
  const last = `item_${batchId.replace('batch_', '')}${EXCLUDED.toString(16).padStart(8, '0')}`;
  await preparer.client.edit_payout_batch({ batch_id: batchId, exclude: [last] });
  for (const gate of ['approve', 'authorize'] as const) await world.openGate(people, batchId, gate);
  await executor.client.pause_payout_batch({ batch_id: batchId });
  await world.execute(people, batchId);
};

afterAll(async () => {
  await runs?.close();
  await world?.close();
});

const uuid = (): string => fromWireId('batch', batchId) ?? '';

/** Sets a column of one row. Returns how to put the old value back. */
const change = async ({ table, column, value, row }: Bound): Promise<() => Promise<void>> => {
  const where = ROWS[table](row ? EXCLUDED : 7);
  return asOwner(world, async (client) => {
    const found = await client.query<{ key: string; old: string | null; type: string }>(
      `SELECT ctid::text AS key, ${column}::text AS old, pg_typeof(${column})::text AS type FROM ${table} WHERE ${where}`,
      [uuid()],
    );
    const [row] = found.rows;
    if (found.rows.length !== 1 || !row) throw new Error(`${found.rows.length} rows of ${table} match`);
    const { rows } = await client.query<{ key: string; now: string }>(
      `UPDATE ${table} SET ${column} = ${value} WHERE ${where} RETURNING ctid::text AS key, ${column}::text AS now`,
      [uuid()],
    );
    if (rows[0]?.now === row.old) throw new Error(`${table}.${column} already was ${row.old}`);
    return () =>
      asOwner(world, async (again) => {
        await again.query(`UPDATE ${table} SET ${column} = $1::${row.type} WHERE ctid = $2::tid`, [row.old, rows[0]?.key]);
      });
  });
};

const CASES = BOUND.map((bound) => ({ ...bound, name: `${bound.table} ${bound.column}${bound.row ? ' of an excluded item' : ''}` }));

test('every column of what is signed is bound or named as free', async () => {
  for (const [table, free] of Object.entries(FREE)) {
    const columns = await asOwner(world, (client) =>
      client.query<{ name: string }>(`SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1`, [table]),
    );
    const bound = BOUND.filter((one) => one.table === table && !one.row).map(({ column }) => column);
    const known = [...bound, ...Object.keys(free.set), ...free.kept].sort();
    expect({ table, columns: columns.rows.map(({ name }) => name).sort() }).toEqual({ table, columns: known });
  }
});

describe.each(ROUNDS)('round %d', () => {
  beforeAll(executedWhilePaused);

  test.each(CASES)('$name, changed by raw SQL after execute: nothing reaches the provider [S1-18]', async (bound) => {
    const { executor } = people;
    const putBack = await change(bound);
    await executor.client.resume_payout_batch({ batch_id: batchId });
    if (bound.halt) await runs.does(runs.of(batchId), `halted: ${bound.halt}`);
    else
      await until('the stop', async () => {
        const { attention } = await executor.client.show_payout_batch({ batch_id: batchId });
        return attention.includes('integrity_failed') ? true : undefined;
      });
    expect(await world.accepted(batchId)).toEqual([]);
    await executor.client.pause_payout_batch({ batch_id: batchId });
    await runs.does(runs.of(batchId), 'paused', 'integrity_failed');
    await putBack();
    await asOwner(world, (client) => client.query('UPDATE batch_control SET integrity_failed_at = NULL WHERE batch_id = $1', [uuid()]));
  });

  test('with all of it put back, and all that is free changed, exactly what was signed is paid', async () => {
    for (const [table, { set }] of Object.entries(FREE) as [Table, { set: Record<string, string> }][])
      for (const [column, value] of Object.entries(set)) await change({ table, column, value });
    await people.executor.client.resume_payout_batch({ batch_id: batchId });
    expect(await world.ended(people, batchId)).toMatchObject({
      state: 'completed',
      outcome: 'full',
      counts: { paid: EXCLUDED, excluded: 1, open: 0 },
    });
    expect(await world.accepted(batchId)).toHaveLength(EXCLUDED);
    expect(await world.broken()).toEqual([]);
  });
});
