import { coverageOf } from '../../domain/item/coverage.js';
import { recordDispatch } from '../chunk/record-dispatch.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import { type BatchRow, versionOf } from '../stores/batches.js';

/** Items of one chunk that may have left without our knowing. */
export interface DoubtfulItems {
  chunk: number;
  /** The ordinals of the chunk: [from, to). */
  from: number;
  to: number;
  items: readonly { ordinal: number; amount: bigint }[];
  attempt: number;
  /** The newest moment that the restored database knows of. */
  knownUntil: Date;
}

/**
 * Writes the dispatch that says: these items may have left at any time between the backup and now. Nothing is sent by it. From then on
 * they are `submitting`, are looked up, and are sent again only by the rules of a re-send (R4, R5), whose key counts from the backup. The
 * caller holds the lock of the chunk.
 */
export const recordDoubt = async (
  ctx: Context,
  stores: Stores,
  batch: BatchRow,
  { chunk, from, to, items, attempt, knownUntil }: DoubtfulItems,
): Promise<void> => {
  // The connection itself may not open, or not have the settings that were signed: its items are in doubt all the same.
  const rail = ctx.services.rails.get(batch.rail);
  if (!rail) throw new Error(`batch ${batch.id} names the rail ${batch.rail}, which does not exist`);
  const { rendererVersion, hash } = rail.prepare([]);
  await recordDispatch(stores, {
    batchId: batch.id,
    chunk,
    attempt,
    purpose: 'recovery',
    ...coverageOf(
      from,
      to,
      items.map(({ ordinal }) => ordinal),
    ),
    connectionId: batch.connectionId,
    connectionVersion: versionOf(batch),
    rendererVersion,
    artefactHash: hash,
    itemCount: items.length,
    leaseMs: 0,
    sentFrom: knownUntil,
    amount: items.reduce((sum, { amount }) => sum + amount, 0n),
  });
};
