import { randomBytes } from 'node:crypto';
import type { BatchState } from '../../domain/batch/states.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { OwnDatabase } from './database.js';
import type { Payee, payeesOf } from './payees.js';
import type { Person } from './people.js';
import type { Workspace } from './workspaces.js';

export interface SeededBatch {
  id: string;
  total: bigint;
  count: number;
  digest: Buffer;
}

interface BatchOptions {
  /** Minor units, one an item. */
  amounts?: bigint[];
  state?: BatchState;
  preparer?: Person;
  /** Of the first items; the others pay one payee that all batches share. */
  payees?: Payee[];
  deadlineAt?: Date;
  executeBy?: Date;
}

interface Control {
  state: BatchState;
  outcome: string | null;
  reason: string | null;
  paused_at: Date | null;
  cancelling_at: Date | null;
  row_version: number;
}

export const batchesOf = ({ sqlIn, home, payee }: OwnDatabase & ReturnType<typeof payeesOf> & { home: Workspace }) => {
  let shared: Promise<Payee> | undefined;

  /** A batch in any state. The owner writes its rows, so no gate has to be opened for it. */
  const batch = async ({
    amounts = [600n, 400n],
    state = 'queued',
    payees = [],
    preparer,
    deadlineAt = new Date(Date.now() + 86_400_000),
    executeBy,
  }: BatchOptions = {}): Promise<SeededBatch> => {
    shared ??= payee('Erika Mustermann');
    const usual = await shared;
    const [id, digest, t] = [systemEntropy.newId(), randomBytes(32), home.tenantId];
    const sql = (text: string, values: unknown[]) => sqlIn(t, text, values);
    const [count, total] = [amounts.length, amounts.reduce((sum, amount) => sum + amount, 0n)];
    await sql(
      `INSERT INTO payout_batch (tenant_id, id, description, rail, connection_id, funding_account_id, currency, chunk_size, source, created_actor, execute_by)
       VALUES ($1, $2, '', 'sandbox', $3, $4, 'EUR', 128, 'json', '{}', $5)`,
      [t, id, home.connectionId, home.funding, executeBy ?? null],
    );
    await sql(`INSERT INTO batch_control (tenant_id, batch_id, state, deadline_at) VALUES ($1, $2, $3, $4)`, [t, id, state, deadlineAt]);
    await sql(`INSERT INTO batch_counter (tenant_id, batch_id, open) VALUES ($1, $2, $3)`, [t, id, count]);
    await sql(
      `INSERT INTO batch_content (tenant_id, batch_id, content_version, size, count, total, root, digest) VALUES ($1, $2, 1, $3, $3, $4, $5, $6)`,
      [t, id, count, total, randomBytes(32), digest],
    );
    await sql(`INSERT INTO batch_chunk (tenant_id, batch_id, chunk, root) VALUES ($1, $2, 0, $3)`, [t, id, randomBytes(32)]);
    for (const [ordinal, amount] of amounts.entries()) {
      const to = payees[ordinal] ?? usual;
      await sql(
        `INSERT INTO payout_item (tenant_id, batch_id, ordinal, payee_id, destination_id, reference, remittance, amount, leaf) VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8)`,
        [t, id, ordinal, to.id, to.destinationId, `ref-${ordinal}`, amount, randomBytes(32)],
      );
    }
    if (preparer) await sql(`INSERT INTO batch_preparer (tenant_id, batch_id, person_id, deed) VALUES ($1, $2, $3, 'create')`, [t, id, preparer.id]);
    return { id, total, count, digest };
  };

  /** Where a batch stands: its row of `batch_control`. */
  const controlOf = async (batchId: string) => {
    const text = 'SELECT state, outcome, reason, paused_at, cancelling_at, row_version FROM batch_control WHERE batch_id = $1';
    const [row] = await sqlIn<Control>(home.tenantId, text, [batchId]);
    if (!row) throw new Error(`there is no batch ${batchId}`);
    return row;
  };

  return { batch, controlOf };
};
