import { chunkRootsOf, contentOf, withLeaf } from '../../domain/batch/content.js';
import { BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { gateDeadline } from '../../domain/gate.js';
import type { FieldError, Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { type EnsuredPayee, ensurePayees } from '../payee/ensure.js';
import type { WireBatch } from '../payout-batch/view.js';
import type { Stores } from '../ports.js';
import type { NewBatch } from '../stores/batches.js';
import type { NewItem } from '../stores/items.js';
import type { CsvTotals } from './check-csv.js';
import { type CsvPayment, columnOf, parseRow } from './parse-row.js';
import { readCsv } from './read-csv.js';
import { recordNew } from './record-new.js';
import type { Terms } from './resolve-terms.js';
import { giveUp } from './sweep-uploads.js';

/** How long an upload may be silent before it counts as abandoned, ms. Each part renews it. */
export const RECEIVING_LEASE_MS = 60_000;

/** A batch in `receiving` and the version of its control row: whoever moves it next owns it. */
export interface Receiving {
  batch: NewBatch;
  rowVersion: number;
  /** Ordinal from which rows are still missing: the start of a part. */
  nextOrdinal: number;
}

/** Somebody else took the upload over; nothing more may be written by this one. */
export const LOST = 'lost';

type Stored = 'stored' | typeof LOST | { errors: FieldError[] };

/**
 * Second pass over a file that was checked: stores its rows, a part a transaction, from where an earlier try stopped.
 * Each transaction moves the control row by compare-and-set, so two uploads of one batch cannot interleave.
 */
export const ingestCsv = async (
  ctx: Context,
  bytes: AsyncIterable<Uint8Array>,
  receiving: Receiving,
  terms: Terms,
  partRows: number,
): Promise<{ rowVersion: number } | { errors: FieldError[] } | typeof LOST> => {
  let { rowVersion } = receiving;
  for await (const part of readCsv(bytes, partRows)) {
    if (part.from + part.rows.length <= receiving.nextOrdinal) continue;
    const payments = part.rows.map((row) => sure(parseRow(row, terms)));
    if (part.errors.length > 0) throw new Error('a file changed between its two passes');
    const stored = await ctx.inTenant((stores) => storePart(ctx, stores, receiving.batch, rowVersion, part.from, payments));
    if (stored !== 'stored') return stored;
    rowVersion += 1;
  }
  return { rowVersion };
};

const sure = (parsed: ReturnType<typeof parseRow>): CsvPayment => {
  if ('errors' in parsed) throw new Error('a file changed between its two passes');
  return parsed;
};

const storePart = async (
  ctx: Context,
  stores: Stores,
  batch: NewBatch,
  rowVersion: number,
  from: number,
  payments: readonly CsvPayment[],
): Promise<Stored> => {
  if (!(await stores.batches.move(batch.id, rowVersion, { deadlineAt: new Date(stores.now.getTime() + RECEIVING_LEASE_MS) }))) return LOST;
  const payees = await ensurePayees(
    ctx,
    stores,
    payments.map(({ payee }) => payee),
  );
  const items: NewItem[] = [];
  const errors: FieldError[] = [];
  for (const [i, { row, amount, reference }] of payments.entries()) {
    const payee = payees[i];
    if (!payee) throw new Error('a payment was given no payee');
    if ('errors' in payee) errors.push(...payee.errors.map((error) => ({ ...error, field: columnOf(error.field), row })));
    else items.push(withLeaf(ctx.services.sha256, batch, itemOf(payee, from + i, amount, reference), payee.commitment));
  }
  // Against what an earlier part of the file, or somebody else meanwhile, said of the payee.
  if (errors.length > 0) {
    await giveUp(stores, batch.id, rowVersion + 1);
    return { errors };
  }
  await stores.items.insert(batch.id, items);
  await stores.batches.putChunkRoots(
    batch.id,
    chunkRootsOf(
      ctx.services.sha256,
      items.map(({ leaf }) => leaf),
      from,
      batch.chunkSize,
    ),
  );
  return 'stored';
};

const itemOf = ({ payeeId, destinationId }: EnsuredPayee, ordinal: number, amount: bigint, reference: string): Omit<NewItem, 'leaf'> => ({
  ordinal,
  payeeId,
  destinationId,
  reference,
  remittance: '',
  amount,
});

/**
 * The one short transaction that makes an upload a batch (R19): checks count, sum and repeats against what is stored,
 * then root, digest, state, audit event and message.
 */
export const finishUpload = (
  ctx: Context,
  batch: NewBatch,
  rowVersion: number,
  expected: CsvTotals,
  state: 'draft' | 'queued',
): Promise<Result<WireBatch> | typeof LOST> =>
  ctx.inTenant(async (stores) => {
    const verb = state === 'draft' ? 'finish_draft' : 'finish';
    const deadlineAt = gateDeadline(stores.now, batch.executeBy);
    if (!(await stores.batches.move(batch.id, rowVersion, { state: BATCH_TRANSITIONS[verb].to, deadlineAt }))) return LOST;
    const { count, total, nextOrdinal } = await stores.items.totals(batch.id);
    if (count !== expected.count || total !== expected.total || nextOrdinal !== count)
      throw new Error(`batch ${batch.id} holds ${count} rows of ${expected.count}, or another sum than its file`);
    if (!batch.allowDuplicates && (await stores.items.duplicates(batch.id, 1)).length > 0)
      throw new Error(`batch ${batch.id} holds repeats that its file does not`);
    const counted = { contentVersion: 1, size: count, count, total };
    const content = contentOf(ctx.services.sha256, ctx, batch, counted, await stores.batches.chunkRoots(batch.id));
    return answer(await recordNew(ctx, stores, batch, state, content));
  });
