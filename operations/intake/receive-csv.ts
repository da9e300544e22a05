import type { z } from 'zod';
import type { createBatchCsv } from '../../contracts/batches.js';
import { doneBy, personBehind } from '../../domain/actors.js';
import { externalIdTaken } from '../../domain/batch/refusals.js';
import { ok, type Refusal, type Result, refuse, wrongInput } from '../../domain/result.js';
import type { WireBatch } from '../batch-state/read.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { roomRefusal } from '../plan/limits.js';
import type { Stores } from '../ports.js';
import type { NewBatch } from '../stores/batches.js';
import { frozenRefusal } from '../workspace/frozen.js';
import { checkCsv } from './check-csv.js';
import { refuseSameFile } from './find-repeats.js';
import { handOver, type SpooledFile } from './hand-over.js';
import { insertNew, refuseNew, type Validation, validated } from './record-new.js';
import { newBatch, resolveTerms, type Terms } from './resolve-terms.js';
import { changedMeanwhile, FINISH, finishUpload, LOST, leaseEnd, partRowsOf, RECEIVING_LEASE_MS, type Receiving, storeParts } from './store-parts.js';
import { giveUp, sweepUploads } from './sweep-uploads.js';

type CsvQuery = z.output<typeof createBatchCsv>;

export interface Haste {
  /** The caller asks for an answer at once (RFC 7240, `Prefer: respond-async`). */
  respondAsync: boolean;
  /** A file of more lines is answered at once too. */
  linesMax: number;
  /** So long a request may work on a smaller file before it is answered at once all the same, ms. */
  patienceMs: number;
}

const HASTE: Haste = { respondAsync: false, linesMax: 20_000, patienceMs: 10_000 };

/**
 * Creates a payout batch from a CSV of up to a million rows, all or nothing, with memory that does not grow with the file (R19).
 *
 * A small file is taken in within its request: a first pass checks everything and writes nothing, a second stores rows into a batch in
 * `receiving`, which nobody sees, and one short transaction finishes it. A file that is large, takes long or is sent with
 * `respond-async` is handed to a workflow, and the answer is its batch in `receiving`. `validate_only` is always answered here.
 *
 * Refuses with `invalid_request` (query), `invalid_csv` (up to 100 errors with row and column), `duplicate_items`,
 * `repeated_file`, `repeated_payments`, `external_id_taken`, `plan_limit`, `workspace_frozen`, or `not_ready` while another upload with this external_id is at work.
 */
export const receiveCsv = async (
  ctx: Context,
  query: CsvQuery,
  file: SpooledFile,
  haste: Partial<Haste> = {},
): Promise<Result<WireBatch | Validation>> => {
  const { respondAsync, linesMax, patienceMs } = { ...HASTE, ...haste };
  const refused = (refusal: Refusal) =>
    query.validate_only ? { ok: false as const, refusal } : ctx.inTenant((stores) => refuseNew(ctx, stores, 'csv', refusal));
  const resolved = await ctx.inTenant((stores) => resolve(ctx, stores, query));
  if ('refusal' in resolved) return refused(resolved.refusal);
  const { terms } = resolved;
  const known = await ctx.inTenant((stores) => refuseSameFile(stores, query.allow_duplicates, file.sha256));
  if (known) return refused(known);
  const becomes = query.draft ? 'draft' : 'queued';
  const wanted = newBatch(ctx, query, terms, { source: 'csv', sourceSha256: file.sha256 });
  const begun = () => ctx.inTenant((stores) => begin(ctx, stores, wanted));
  const ownedBy = async <T>(result: Promise<Result<T> | typeof LOST>) => {
    const done = await result;
    return done === LOST ? refused(beingReceived()) : done;
  };

  const until = performance.now() + patienceMs;
  const goOn = () => query.validate_only || performance.now() < until;
  const atOnce = !query.validate_only && (respondAsync || file.lines > linesMax);
  const checking = { terms, allowDuplicates: query.allow_duplicates, partRows: partRowsOf(terms), goOn };
  const totals = atOnce ? 'stopped' : await checkCsv(ctx, file.open(), checking);
  if (totals === 'stopped') {
    const receiving = await begun();
    return 'refusal' in receiving ? refused(receiving.refusal) : ownedBy(handOver(ctx, receiving, file, { becomes, totals: null }));
  }
  if ('refusal' in totals) return refused(totals.refusal);
  if (query.validate_only) return ok(validated(totals, terms.currency));

  const receiving = await begun();
  if ('refusal' in receiving) return refused(receiving.refusal);
  const stored = await storeParts(ctx, file.open(), receiving, { terms, createdBy: doneBy(ctx.actor), lease: leaseEnd, goOn });
  if (stored === LOST) return refused(beingReceived());
  const { batch } = receiving;
  const { rowVersion } = stored;
  if (stored.kind === 'wrong') {
    await ctx.inTenant((stores) => giveUp(stores, batch.id, rowVersion));
    return refused(changedMeanwhile(stored));
  }
  const { places } = stored;
  if (stored.kind === 'stopped') return ownedBy(handOver(ctx, { ...stored, batch }, file, { becomes, totals }));
  return ownedBy(
    ctx.inTenant(async (stores) => {
      const made = await finishUpload(ctx, stores, { batch, rowVersion, places }, totals, becomes);
      if (made === LOST) return LOST;
      if (!('refusal' in made)) return answer(made.batch);
      await giveUp(stores, batch.id, made.rowVersion);
      return refuseNew(ctx, stores, 'csv', made.refusal);
    }, FINISH),
  );
};

const resolve = async (ctx: Context, stores: Stores, query: CsvQuery): Promise<{ terms: Terms } | { refusal: Refusal }> => {
  const frozen = frozenRefusal(await stores.workspaces.get());
  if (frozen) return { refusal: frozen };
  const resolved = await resolveTerms(ctx, stores, query);
  if ('errors' in resolved) return { refusal: wrongInput(resolved.errors) };
  const other = query.external_id ? await stores.batches.byExternalId(query.external_id) : null;
  // A batch that its own request still receives is looked at later, once the file is known to be good.
  return other && (await stores.batches.view(other)) ? { refusal: externalIdTaken(query.external_id ?? '') } : resolved;
};

/** Begins the upload, or goes on with an abandoned one of the same file. Its run ends it when nothing else does. */
const begin = async (ctx: Context, stores: Stores, wanted: NewBatch): Promise<Receiving | { refusal: Refusal }> => {
  // Asked before the locks of uploads. One that goes on was counted when it began.
  const full = await roomRefusal(stores, 'batches');
  const { found, busy } = await sweepUploads(stores, wanted);
  if (busy) return { refusal: beingReceived() };
  if (found) {
    const { batch, control } = found;
    await stores.batches.moveLocked(batch.id, control.rowVersion, { deadlineAt: leaseEnd(stores) });
    // Another person than the one who began it may send the file again, and then both prepare the batch (R9).
    const person = personBehind(ctx.actor);
    if (person) await stores.batches.addPreparer(batch.id, person, 'create');
    const { nextOrdinal } = await stores.items.totals(batch.id);
    return { batch, rowVersion: control.rowVersion + 1, nextOrdinal };
  }
  if (full) return { refusal: full };
  if (!(await insertNew(ctx, stores, wanted, 'receiving', leaseEnd(stores)))) return { refusal: externalIdTaken(wanted.externalId ?? '') };
  // The end of a creation tells the run again, which waits until then.
  await stores.outbox.add({ batchId: wanted.id, message: 'batch_changed' });
  return { batch: wanted, rowVersion: 1, nextOrdinal: 0 };
};

/** Retryable, because the other upload ends or is abandoned soon. */
const beingReceived = (): Refusal =>
  refuse('not_ready', 'A file with this external_id is being received. Wait a minute, then send the request again.', {
    extra: { retry_after_seconds: RECEIVING_LEASE_MS / 1000 },
  }).refusal;
