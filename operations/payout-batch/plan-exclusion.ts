import { chunkOf, rangeOf, tombstoneLeaf } from '../../domain/batch/content.js';
import { toItemId } from '../../domain/ids.js';
import type { ItemTransition } from '../../domain/item/transitions.js';
import { merkleRoot } from '../../domain/merkle.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import { ERRORS_MAX } from '../intake/check-payment.js';
import type { Stores } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';

/** What leaving items out changes, before anything is written. */
export interface Exclusion {
  count: number;
  /** Minor units. */
  amount: bigint;
  tombstones: { ordinal: number; leaf: Uint8Array }[];
  transitions: ItemTransition[];
  /** New roots of the chunks that hold a tombstone now; the others keep theirs. */
  chunkRoots: { chunk: number; root: Uint8Array }[];
}

/** Reads the touched chunks, one at a time, and works out their new leaves and roots. `size` counts all ordinals of the batch. */
export const planExclusion = async (
  ctx: Context,
  stores: Stores,
  batch: BatchRow,
  size: number,
  items: readonly { batchId: string; ordinal: number }[],
): Promise<Exclusion | { errors: FieldError[] }> => {
  const { sha256 } = ctx.services;
  const errors: FieldError[] = [];
  /** Ordinal → its place in the request. */
  const asked = new Map<number, number>();
  for (const [i, item] of items.entries()) {
    if (item.batchId !== batch.id || item.ordinal >= size) errors.push(wrong(i, 'not_in_batch', 'this item is not in the batch'));
    else asked.set(item.ordinal, i);
  }

  const plan: Exclusion = { count: 0, amount: 0n, tombstones: [], transitions: [], chunkRoots: [] };
  for (const chunk of new Set([...asked.keys()].map((ordinal) => chunkOf(ordinal, batch.chunkSize)))) {
    const { from, to } = rangeOf(chunk, batch.chunkSize, size);
    const leaves: Uint8Array[] = [];
    for (const item of await stores.items.range(batch.id, from, to)) {
      const place = asked.get(item.ordinal);
      if (place === undefined) leaves.push(item.leaf);
      else if (item.state !== 'pending') errors.push(wrong(place, 'not_pending', `this item is ${item.state} already`));
      else {
        const leaf = tombstoneLeaf(sha256, item.ordinal, toItemId(batch.id, item.ordinal));
        leaves.push(leaf);
        plan.count += 1;
        plan.amount += item.amount;
        plan.tombstones.push({ ordinal: item.ordinal, leaf });
        plan.transitions.push(excluded(item.ordinal, item.version + 1, item.rank));
      }
    }
    plan.chunkRoots.push({ chunk, root: merkleRoot(sha256, leaves) });
  }
  return errors.length > 0 ? { errors: errors.slice(0, ERRORS_MAX) } : plan;
};

const wrong = (i: number, reason: string, message: string): FieldError => ({ field: `exclude.${i}`, reason, message });

const excluded = (ordinal: number, version: number, rank: number): ItemTransition => ({
  ordinal,
  version,
  from: 'pending',
  to: 'excluded',
  rank,
  source: 'person',
  inboundId: null,
  providerReference: null,
  reason: null,
});
