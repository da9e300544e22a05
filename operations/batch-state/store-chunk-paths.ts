import { auditPaths } from '../../domain/merkle.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';

/**
 * Stores the audit path of every chunk of the current content, so that a chunk is checked against the signed root by its own row, and not by
 * the roots of all others (R3). Call it after the roots have changed.
 */
export const storeChunkPaths = async (ctx: Context, stores: Stores, batchId: string): Promise<void> => {
  const roots = await stores.batches.chunkRoots(batchId);
  const paths = auditPaths(ctx.services.sha256, roots);
  await stores.batches.putChunkPaths(
    batchId,
    paths.map((path) => Buffer.concat(path)),
  );
};
