import { sameBytes } from '../../domain/hashing.js';
import type { Stores } from '../ports.js';
import type { BatchRow, ControlRow, NewBatch } from '../stores/batches.js';

/**
 * Gives up uploads that have been silent for longer than their lease: receiving → cancelled, and the external_id is free
 * again. The rows stay, invisible, as no process may delete them. One upload that equals `resume` is left and returned,
 * so that a client that sends the same file again goes on where it stopped. `busy` tells that another upload with its
 * external_id is at work.
 */
export const sweepReceiving = async (
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

/** Whether a batch has this external_id. An abandoned upload that has it is given up first. */
export const externalIdIsTaken = async (stores: Stores, externalId: string): Promise<boolean> => {
  if (!(await stores.batches.byExternalId(externalId))) return false;
  await sweepReceiving(stores, null);
  return (await stores.batches.byExternalId(externalId)) !== null;
};

/** receiving → cancelled. Its rows stay, seen by nobody; its external_id is free again. */
export const giveUp = async (stores: Stores, batchId: string, rowVersion: number): Promise<void> => {
  const { nextOrdinal } = await stores.items.totals(batchId);
  await stores.batches.giveUpExternalId(batchId);
  if (!(await stores.batches.move(batchId, rowVersion, { state: 'cancelled', reason: 'upload given up' })))
    throw new Error(`batch ${batchId} moved under its own lock`);
  await stores.audit.append({
    subject: { type: 'batch', id: batchId },
    action: 'batch.cancel',
    result: 'ok',
    detail: { from: 'receiving', to: 'cancelled', rows: nextOrdinal },
  });
};

/** The same file under the same header, so that what is stored of one is stored of the other. */
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
