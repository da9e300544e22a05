import type { Stores } from '../ports.js';
import type { ControlChange } from '../stores/batches.js';

/**
 * Moves the control row of an upload for the process that owns it, under the batch's lock: a person who cancels waits for this transaction
 * and then sees what it has made (R8). False when the row moved before, so that the upload is somebody else's or over.
 */
export const moveOwn = async (stores: Stores, batchId: string, rowVersion: number, change: ControlChange): Promise<boolean> => {
  await stores.batches.lock(batchId);
  return stores.batches.move(batchId, rowVersion, change);
};
