import type { z } from 'zod';
import type { createBatchCsv } from '../../contracts/batches.js';
import { personBehind } from '../../domain/actors.js';
import { chunkRootsOf, contentOf, withLeaf } from '../../domain/batch/content.js';
import { externalIdTaken } from '../../domain/batch/refusals.js';
import { BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { gateDeadline } from '../../domain/gate.js';
import { type FieldError, ok, type Refusal, type Result, refuse, wrongInput } from '../../domain/result.js';
import type { WireBatch } from '../batch-state/read.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { type EnsuredPayee, ensurePayees } from '../payee/ensure.js';
import type { Stores } from '../ports.js';
import type { NewBatch } from '../stores/batches.js';
import type { NewItem } from '../stores/items.js';
import { type CsvPayment, type CsvTotals, checkCsv, columnOf, parseRow } from './check-csv.js';
import { refuseSameFile, sealNew } from './find-repeats.js';
import { readCsv } from './read-csv.js';
import { recordNew, refuseNew, type Validation, validated } from './record-new.js';
import { newBatch, resolveTerms, type Terms } from './resolve-terms.js';
import { giveUp, sweepUploads } from './sweep-uploads.js';

type CsvQuery = z.output<typeof createBatchCsv>;

/** A body that was spooled to disk: it can be read more than once. */
export interface SpooledFile {
  /** SHA-256 of all its bytes; the batch stores it (R19). */
  sha256: Uint8Array;
  open(): AsyncIterable<Uint8Array>;
}

/** Rows of one transaction: at least so many, and always whole chunks. */
const PART_ROWS = 2_048;

/** An upload that stores nothing for this long counts as abandoned, ms. Each part renews the lease. */
const RECEIVING_LEASE_MS = 60_000;

/** A batch in `receiving` and the row version of its control row: the upload that moves it next owns it. */
interface Receiving {
  batch: NewBatch;
  rowVersion: number;
  /** The first ordinal that is not stored yet; a part begins there. */
  nextOrdinal: number;
}

/** Another request took the upload over, so this one may write nothing more. */
const LOST = 'lost';

type Stored = 'stored' | typeof LOST | { errors: FieldError[] };

/**
 * Creates a payout batch from a CSV of up to a million rows, all or nothing, with memory that does not grow with the file (R19).
 * The first pass checks everything and writes nothing. The second stores rows into a batch in `receiving`, which nobody sees. One
 * short transaction finishes the upload. The same file sent again after a crash goes on where the first try stopped.
 *
 * Refuses with `invalid_request` (query), `invalid_csv` (up to 100 errors with row and column), `duplicate_items`,
 * `repeated_file`, `repeated_payments`, `external_id_taken`, or `not_ready` while another upload with this external_id is at work.
 */
export const receiveCsv = async (ctx: Context, query: CsvQuery, file: SpooledFile): Promise<Result<WireBatch | Validation>> => {
  const refused = (refusal: Refusal) =>
    query.validate_only ? { ok: false as const, refusal } : ctx.inTenant((stores) => refuseNew(ctx, stores, 'csv', refusal));
  const resolved = await ctx.inTenant((stores) => resolve(ctx, stores, query));
  if ('refusal' in resolved) return refused(resolved.refusal);
  const { terms } = resolved;
  const known = await ctx.inTenant((stores) => refuseSameFile(stores, query.allow_duplicates, file.sha256));
  if (known) return refused(known);
  const partRows = Math.max(PART_ROWS, terms.capabilities.chunkSize);
  const totals = await checkCsv(ctx, file.open(), terms, query.allow_duplicates ? 'allowed' : 'refused', partRows);
  if ('refusal' in totals) return refused(totals.refusal);
  if (query.validate_only) return ok(validated(totals, terms.currency));

  const wanted = newBatch(ctx, query, terms, { source: 'csv', sourceSha256: file.sha256 });
  const begun = await ctx.inTenant((stores) => begin(ctx, stores, wanted));
  if ('refusal' in begun) return refused(begun.refusal);
  const stored = await storeParts(ctx, file.open(), begun, terms, partRows);
  if (stored === LOST) return refused(beingReceived());
  if ('errors' in stored) return refused(wrongInput(stored.errors, 'file'));
  const finished = await finishUpload(ctx, begun.batch, stored.rowVersion, totals, query.draft ? 'draft' : 'queued');
  return finished === LOST ? refused(beingReceived()) : finished;
};

const resolve = async (ctx: Context, stores: Stores, query: CsvQuery): Promise<{ terms: Terms } | { refusal: Refusal }> => {
  const resolved = await resolveTerms(ctx, stores, query);
  if ('errors' in resolved) return { refusal: wrongInput(resolved.errors) };
  const other = query.external_id ? await stores.batches.byExternalId(query.external_id) : null;
  // A batch that is still being received is looked at later, once the file is known to be good.
  return other && (await stores.batches.view(other)) ? { refusal: externalIdTaken() } : resolved;
};

/** Begins the upload, or goes on with an abandoned one of the same file. */
const begin = async (ctx: Context, stores: Stores, wanted: NewBatch): Promise<Receiving | { refusal: Refusal }> => {
  const { found, busy } = await sweepUploads(stores, wanted);
  if (busy) return { refusal: beingReceived() };
  const lease = new Date(stores.now.getTime() + RECEIVING_LEASE_MS);
  if (found) {
    const { batch, control } = found;
    await stores.batches.moveLocked(batch.id, control.rowVersion, { deadlineAt: lease });
    const { nextOrdinal } = await stores.items.totals(batch.id);
    return { batch, rowVersion: control.rowVersion + 1, nextOrdinal };
  }
  if (!(await stores.batches.insert(wanted, 'receiving', lease))) return { refusal: externalIdTaken() };
  const person = personBehind(ctx.actor);
  if (person) await stores.batches.addPreparer(wanted.id, person, 'create');
  return { batch: wanted, rowVersion: 1, nextOrdinal: 0 };
};

/** Retryable, because the other upload ends or is abandoned soon. */
const beingReceived = (): Refusal =>
  refuse('not_ready', 'A file with this external_id is being received. Wait a minute, then send the request again.', {
    extra: { retry_after_seconds: RECEIVING_LEASE_MS / 1000 },
  }).refusal;

/**
 * Second pass over a file that was checked: stores its rows, one part in each transaction, from where an earlier try stopped.
 * Each transaction moves the control row by compare-and-set, so two uploads of one batch cannot mix.
 */
const storeParts = async (
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
  // An earlier part of the file, or another request since the check, described the payee differently.
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
 * The one short transaction that makes an upload a batch (R19): compares count, sum and repeats with what is stored, then writes
 * root, digest, state, audit event and message.
 */
const finishUpload = (
  ctx: Context,
  batch: NewBatch,
  rowVersion: number,
  expected: CsvTotals,
  state: 'draft' | 'queued',
): Promise<Result<WireBatch> | typeof LOST> =>
  ctx.inTenant(async (stores) => {
    const verb = state === 'draft' ? 'finish_draft' : 'finish';
    const deadlineAt = gateDeadline(stores.now, batch.executeBy);
    if (!(await stores.batches.move(batch.id, rowVersion, { deadlineAt }))) return LOST;
    const { count, total, nextOrdinal } = await stores.items.totals(batch.id);
    if (count !== expected.count || total !== expected.total || nextOrdinal !== count)
      throw new Error(`batch ${batch.id} holds ${count} rows of ${expected.count}, or another sum than its file`);
    if (!batch.allowDuplicates && (await stores.items.duplicates(batch.id, 1)).length > 0)
      throw new Error(`batch ${batch.id} holds repeats that its file does not`);
    const repeats = await sealNew(stores, batch);
    if (repeats) {
      await giveUp(stores, batch.id, rowVersion + 1);
      return refuseNew(ctx, stores, 'csv', repeats);
    }
    await stores.batches.moveLocked(batch.id, rowVersion + 1, { state: BATCH_TRANSITIONS[verb].to });
    const counted = { contentVersion: 1, size: count, count, total };
    const content = contentOf(ctx.services.sha256, ctx, batch, counted, await stores.batches.chunkRoots(batch.id));
    return answer(await recordNew(ctx, stores, batch, state, content));
  });
