import type { z } from 'zod';
import type { inclusionProof } from '../../contracts/audit.js';
import { toHex } from '../../domain/hashing.js';
import { fromWireId } from '../../domain/ids.js';
import { inclusionRanges, type LeafRange } from '../../domain/merkle-ranges.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { SOON } from './soon.js';
import { subtreeRoots } from './subtrees.js';

/**
 * Proves that an event is in the tree of the first `size` leaves (RFC 6962 2.1.1). `size` defaults to the size of the newest
 * checkpoint. Refuses with `not_found` when there is no such event, or when the tree of that size does not hold it, or not yet.
 */
export const proveInclusion = (
  ctx: Context,
  input: { event_id: string; size?: number | undefined },
): Promise<Result<z.infer<typeof inclusionProof>>> =>
  ctx.inTenant(async (stores) => {
    const id = fromWireId('event', input.event_id);
    const event = id ? await stores.audit.get(id) : null;
    if (!event) return refuse('not_found', 'There is no such event.');
    const tree = await stores.audit.tree();
    const size = input.size ?? Number((await stores.audit.latestCheckpoint())?.size ?? 0n);
    if (event.index === null || event.index >= BigInt(size) || BigInt(size) > (tree?.size ?? 0n)) {
      const detail = `The event is not in a tree of ${size} leaves; ask again in a second, or for another size.`;
      const isEarly = event.index === null || input.size === undefined || BigInt(size) > (tree?.size ?? 0n);
      return refuse('not_found', detail, isEarly ? { extra: SOON } : {});
    }
    const index = Number(event.index);
    const rootOf = subtreeRoots(stores.audit.leaves, ctx.services.sha256);
    const path: string[] = [];
    for (const range of inclusionRanges(index, size)) path.push(toHex(await rootOf(range)));
    const whole: LeafRange = { from: 0, to: size };
    return ok({ object: 'inclusion_proof', index, size, leaf: event.leaf, root: toHex(await rootOf(whole)), path });
  });
