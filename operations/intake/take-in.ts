import { afterStoring } from '../../domain/batch/refusals.js';
import { BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { type Refusal, reasonsOf } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';
import type { UploadRow } from '../stores/uploads.js';
import { type CsvTotals, checkCsv } from './check-csv.js';
import { refuseSameFile } from './find-repeats.js';
import { handedOver } from './hand-over.js';
import { moveOwn } from './move-own.js';
import type { PaymentTerms } from './resolve-terms.js';
import { changedMeanwhile, FINISH, finishUpload, LOST, partRowsOf, type Receiving, storeParts } from './store-parts.js';

interface Job extends Receiving {
  batch: BatchRow;
  upload: UploadRow;
  terms: PaymentTerms;
}

/** The batch and its row version, which its owner moves next. */
type Own = Pick<Job, 'batch' | 'rowVersion'>;

/**
 * Takes in a file that was handed over, all or nothing (R19): checks it, stores its rows part by part and finishes the batch, or refuses it
 * with up to 100 errors. It may run any number of times: what was stored is not stored again, and a check that was cut short begins anew.
 * Does nothing for a batch that is not received any more. `signal` ends it between two parts.
 */
export const takeIn = async (ctx: Context, batchId: string, signal: AbortSignal): Promise<void> => {
  const job = await ctx.inTenant((stores) => jobOf(ctx, stores, batchId));
  if (!job) return;
  const totals = await totalsOf(ctx, job, signal);
  if (totals === LOST) return;
  // An earlier try may have stored a part before it broke off.
  if ('refusal' in totals) return refuseFile(ctx, job, afterStoring(totals.refusal, job.nextOrdinal));
  const stored = await storeParts(ctx, handedOver(ctx, batchId, job.upload.parts), job, {
    terms: job.terms,
    createdBy: { personId: job.upload.personId, apiKeyId: job.upload.apiKeyId },
    lease: () => null,
    stored: (stores, rowsStored) => stores.uploads.update(batchId, { rowsStored }),
    goOn: () => {
      throwIfOver(ctx, signal);
      return true;
    },
  });
  if (stored === LOST) return requireEnded(ctx, batchId);
  if (stored.kind === 'wrong') return refuseFile(ctx, { batch: job.batch, rowVersion: stored.rowVersion }, changedMeanwhile(stored));
  const own = { batch: job.batch, rowVersion: stored.rowVersion, places: stored.places };
  const finished = await ctx.inTenant(async (stores) => {
    const made = await finishUpload(ctx, stores, own, totals, job.upload.becomes);
    if (made !== LOST && 'refusal' in made) await endRefused(stores, { ...own, rowVersion: made.rowVersion }, made.refusal);
    return made;
  }, FINISH);
  if (finished === LOST) await requireEnded(ctx, batchId);
};

const jobOf = async (ctx: Context, stores: Stores, batchId: string): Promise<Job | null> => {
  const open = await stores.batches.incoming(batchId);
  if (!open?.upload) return null;
  const { batch, control, upload } = open;
  const connection = await stores.railConnections.get(batch.connectionId, batch.connectionVersion ?? undefined);
  const capabilities = connection && ctx.services.rails.get(batch.rail)?.capabilities(connection);
  if (!capabilities) throw new Error(`batch ${batchId} names a rail connection that is not there`);
  const { nextOrdinal } = await stores.items.totals(batchId);
  return { batch, upload, rowVersion: control.rowVersion, nextOrdinal, terms: { ...batch, capabilities } };
};

/** Ends a try between two parts: the process stops, or nothing is decided any more (R15). */
const throwIfOver = (ctx: Context, signal: AbortSignal): void => {
  signal.throwIfAborted();
  const recovering = ctx.services.recovery.reason();
  if (recovering !== null) throw new Error(recovering);
};

/** Count and sum of the file, checked now unless that was done before. */
const totalsOf = async (
  ctx: Context,
  { batch, upload, terms }: Job,
  signal: AbortSignal,
): Promise<CsvTotals | { refusal: Refusal } | typeof LOST> => {
  if (upload.count !== null && upload.total !== null) return { count: upload.count, total: upload.total };
  const id = batch.id;
  const sameFile = await ctx.inTenant((stores) => refuseSameFile(stores, batch.allowDuplicates, batch.sourceSha256));
  if (sameFile) return { refusal: sameFile };
  const checked = await checkCsv(ctx, handedOver(ctx, id, upload.parts), {
    terms,
    allowDuplicates: batch.allowDuplicates,
    partRows: partRowsOf(terms),
    goOn: (rowsChecked) => {
      throwIfOver(ctx, signal);
      return ctx.inTenant(async (stores) => {
        const open = await stores.batches.incoming(id);
        if (open) await stores.uploads.update(id, { rowsChecked });
        return open !== null;
      });
    },
  });
  if (checked === 'stopped') return LOST;
  if (!('refusal' in checked)) await ctx.inTenant((stores) => stores.uploads.update(id, { ...checked, rowsChecked: checked.count }));
  return checked;
};

/** Refuses the file in a transaction of its own. */
const refuseFile = async (ctx: Context, own: Own, refusal: Refusal): Promise<void> => {
  const refused = await ctx.inTenant(async (stores) => {
    const moved = await moveOwn(stores, own.batch.id, own.rowVersion, {});
    if (moved) await endRefused(stores, { ...own, rowVersion: own.rowVersion + 1 }, refusal);
    return moved;
  });
  if (!refused) await requireEnded(ctx, own.batch.id);
};

/** receiving → refused, by the owner of the control row. The external_id is free again, for the file without its errors. */
const endRefused = async (stores: Stores, { batch, rowVersion }: Own, refusal: Refusal): Promise<void> => {
  const { to } = BATCH_TRANSITIONS.refuse;
  await stores.batches.giveUpExternalId(batch.id);
  await stores.uploads.update(batch.id, { refusal });
  await stores.batches.moveLocked(batch.id, rowVersion, { state: to, reason: refusal.detail });
  const detail = { from: 'receiving', to, code: refusal.code, reasons: reasonsOf(refusal) };
  await stores.audit.append({ subject: { type: 'batch', id: batch.id }, action: 'batch.refuse', result: 'ok', detail });
};

/** The batch moved under this run: a person cancelled it, which is well, or another run works on it, and then the caller tries again later. */
const requireEnded = async (ctx: Context, batchId: string): Promise<void> => {
  if (await ctx.inTenant((stores) => stores.batches.incoming(batchId))) throw new Error(`another run takes in the file of batch ${batchId}`);
};
