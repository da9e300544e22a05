import type { z } from 'zod';
import type { createBatchCsv } from '../../contracts/batches.js';
import { personBehind } from '../../domain/actors.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { newBatch, type Validation } from '../payout-batch/create.js';
import { externalIdTaken, wrongCsv, wrongInput } from '../payout-batch/refusals.js';
import type { WireBatch } from '../payout-batch/view.js';
import type { Stores } from '../ports.js';
import type { NewBatch } from '../stores/batches.js';
import { type CsvTotals, checkCsv } from './check-csv.js';
import { finishUpload, ingestCsv, LOST, RECEIVING_LEASE_MS, type Receiving } from './ingest-csv.js';
import { refuseNew } from './record-new.js';
import { resolveTerms, type Terms } from './resolve-terms.js';
import { sweepReceiving } from './sweep-uploads.js';

export type CsvQuery = z.output<typeof createBatchCsv>;

/** A body that was spooled to disk: it can be read more than once. */
export interface SpooledFile {
  /** SHA-256 of all its bytes, kept with the batch as evidence. */
  sha256: Uint8Array;
  open(): AsyncIterable<Uint8Array>;
}

/** Rows of one transaction, at least; always whole chunks. */
const PART_ROWS = 2_048;

/**
 * Creates a payout batch from a CSV of up to a million rows with flat memory, all or nothing (R19): the first pass checks
 * everything and writes nothing, the second stores rows into a batch in `receiving` that nobody sees, one short
 * transaction seals it. The same file sent again after a crash goes on where the first try stopped.
 *
 * Refuses with `invalid_request` (query), `invalid_csv` (up to 100 errors with row and column), `duplicate_items`,
 * `external_id_taken`, or `not_ready` while another upload with this external_id is at work.
 */
export const receiveCsv = async (ctx: Context, query: CsvQuery, file: SpooledFile): Promise<Result<WireBatch | Validation>> => {
  const declined = (refusal: Refusal) =>
    query.validate_only ? { ok: false as const, refusal } : ctx.inTenant((stores) => refuseNew(ctx, stores, 'csv', refusal));
  const resolved = await ctx.inTenant((stores) => resolve(ctx, stores, query));
  if ('refusal' in resolved) return declined(resolved.refusal);
  const { terms } = resolved;
  const partRows = Math.max(PART_ROWS, terms.capabilities.chunkSize);
  const totals = await checkCsv(ctx, file.open(), terms, query.allow_duplicates ? 'allowed' : 'refused', partRows);
  if ('refusal' in totals) return declined(totals.refusal);
  if (query.validate_only) return ok(valid(totals, terms));

  const wanted = newBatch(ctx, query, terms, { source: 'csv', sourceSha256: file.sha256 });
  const begun = await ctx.inTenant((stores) => begin(ctx, stores, wanted));
  if ('refusal' in begun) return declined(begun.refusal);
  const stored = await ingestCsv(ctx, file.open(), begun, terms, partRows);
  if (stored === LOST) return declined(beingReceived());
  if ('errors' in stored) return declined(wrongCsv(stored.errors));
  const sealed = await finishUpload(ctx, begun.batch, stored.rowVersion, totals, query.draft ? 'draft' : 'queued');
  return sealed === LOST ? declined(beingReceived()) : sealed;
};

const resolve = async (ctx: Context, stores: Stores, query: CsvQuery): Promise<{ terms: Terms } | { refusal: Refusal }> => {
  const resolved = await resolveTerms(ctx, stores, query);
  if ('errors' in resolved) return { refusal: wrongInput(resolved.errors) };
  const other = query.external_id ? await stores.batches.byExternalId(query.external_id) : null;
  // One that is still being received is looked at when the file is known to be good.
  return other && (await stores.batches.view(other)) ? { refusal: externalIdTaken() } : resolved;
};

/** Opens the upload, or takes up an abandoned one of the same file. */
const begin = async (ctx: Context, stores: Stores, wanted: NewBatch): Promise<Receiving | { refusal: Refusal }> => {
  const { found, busy } = await sweepReceiving(stores, wanted);
  if (busy) return { refusal: beingReceived() };
  const lease = new Date(stores.now.getTime() + RECEIVING_LEASE_MS);
  if (found) {
    const { batch, control } = found;
    if (!(await stores.batches.move(batch.id, control.rowVersion, { deadlineAt: lease })))
      throw new Error(`batch ${batch.id} moved under its own lock`);
    const { nextOrdinal } = await stores.items.totals(batch.id);
    return { batch, rowVersion: control.rowVersion + 1, nextOrdinal };
  }
  if (!(await stores.batches.insert(wanted, 'receiving', lease))) return { refusal: externalIdTaken() };
  const person = personBehind(ctx.actor);
  if (person) await stores.batches.addPreparer(wanted.id, person, 'create');
  return { batch: wanted, rowVersion: 1, nextOrdinal: 0 };
};

/** Retryable: the other upload ends or is abandoned soon. */
const beingReceived = (): Refusal =>
  refuse('not_ready', 'A file with this external_id is being received. Wait a minute, then send the request again.', {
    extra: { retry_after_seconds: RECEIVING_LEASE_MS / 1000 },
  }).refusal;

const valid = (totals: CsvTotals, terms: Terms): Validation => ({
  object: 'validation',
  valid: true,
  item_count: totals.count,
  total: Number(totals.total),
  currency: terms.currency,
});
