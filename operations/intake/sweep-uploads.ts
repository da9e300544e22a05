import { sameBytes } from '../../domain/hashing.js';
import type { Stores } from '../ports.js';
import type { BatchRow, ControlRow, NewBatch } from '../stores/batches.js';

/**
 * Gives up the uploads whose lease has ended: receiving → cancelled, and the external_id is free again. Their rows stay and nobody
 * sees them, because no process may delete rows. One ended upload of the same file and header as `resume` is kept and returned, so
 * that it goes on where it stopped. `busy` is true while another upload with the external_id of `resume` is at work.
 */
export const sweepUploads = async (
  stores: Stores,
  resume: NewBatch | null,
): Promise<{ found: { batch: BatchRow; control: ControlRow } | null; busy: boolean }> => {
  let found: { batch: BatchRow; control: ControlRow } | null = null;
  let busy = false;
  for (const upload of await stores.batches.receiving()) {
    const { batch, control } = upload;
    const silent = control.deadlineAt !== null && control.deadlineAt <= stores.now;
    if (!silent) busy ||= resume?.externalId !== undefined && resume.externalId !== null && resume.externalId === batch.externalId;
    else if (!found && resume && sameUpload(batch, resume)) found = upload;
    else await giveUp(stores, batch.id, control.rowVersion);
  }
  return { found, busy };
};

/** Whether a batch has this external_id. Gives up an abandoned upload that has it first. */
export const externalIdIsTaken = async (stores: Stores, externalId: string): Promise<boolean> => {
  if (!(await stores.batches.byExternalId(externalId))) return false;
  await sweepUploads(stores, null);
  return (await stores.batches.byExternalId(externalId)) !== null;
};

/** The sender has so long after the end of its lease to send the same file again, which then goes on where it stopped, ms. */
const KEPT_MS = 10 * 60_000;

/** When an upload whose lease ends then is given up by its run, if no other upload has done that before. */
export const abandonedAt = (leaseEnd: Date): Date => new Date(leaseEnd.getTime() + KEPT_MS);

/** Gives up an upload that its request has abandoned, and answers false for any other. The run of the batch calls it when its timer wakes (R13). */
export const giveUpAbandoned = async (stores: Stores, batchId: string): Promise<boolean> => {
  const open = await stores.batches.incoming(batchId);
  if (!open || open.upload || !open.control.deadlineAt || abandonedAt(open.control.deadlineAt) > stores.now) return false;
  await giveUp(stores, batchId, open.control.rowVersion);
  return true;
};

/** receiving → cancelled. */
export const giveUp = async (stores: Stores, batchId: string, rowVersion: number): Promise<void> => {
  const { nextOrdinal } = await stores.items.totals(batchId);
  await stores.batches.giveUpExternalId(batchId);
  await stores.batches.moveLocked(batchId, rowVersion, { state: 'cancelled', reason: 'upload given up' });
  await stores.audit.append({
    subject: { type: 'batch', id: batchId },
    action: 'batch.cancel',
    result: 'ok',
    detail: { from: 'receiving', to: 'cancelled', rows: nextOrdinal },
  });
};

/** The same file under the same header: what one upload has stored, the other would store too. */
const sameUpload = (a: NewBatch, b: NewBatch): boolean =>
  a.sourceSha256 !== null &&
  b.sourceSha256 !== null &&
  sameBytes(a.sourceSha256, b.sourceSha256) &&
  a.externalId === b.externalId &&
  a.description === b.description &&
  a.rail === b.rail &&
  a.connectionId === b.connectionId &&
  a.fundingAccountId === b.fundingAccountId &&
  a.currency === b.currency &&
  a.chunkSize === b.chunkSize &&
  a.allowDuplicates === b.allowDuplicates &&
  a.executeNotBefore?.getTime() === b.executeNotBefore?.getTime() &&
  a.executeBy?.getTime() === b.executeBy?.getTime();
