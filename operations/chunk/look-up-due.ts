import { chunkOf } from '../../domain/batch/content.js';
import { finishPayoutBatch } from '../batch-state/finish.js';
import type { Context } from '../context.js';
import { endException } from '../exception/raise.js';
import { reduceParked } from '../settlement/settle.js';
import { resolveItems } from './resolve.js';
import type { Progress } from './send.js';

const DUE_MAX = 4_096;
/** How soon a run looks again whether a connection that did not answer may be tried. */
const ASK_AGAIN_MS = 1_000;
/** In recovery mode nothing is looked up and nothing settles; what is due stays due. */
const RECOVERY_PAUSE_MS = 30_000;

/** Looks up all items of a batch that are due, chunk by chunk. Returns when to come back, ms from now; null when nothing is left to look up. */
export const lookUpDue = async (ctx: Context, batchId: string, progress: Progress): Promise<number | null> => {
  if (ctx.services.recovery.reason() !== null) return RECOVERY_PAUSE_MS;
  const found = await ctx.inTenant(async (stores) => {
    const batch = await stores.batches.get(batchId);
    return batch && { due: await stores.chunks.dueForLookup(batchId, DUE_MAX), chunkSize: batch.chunkSize, connectionId: batch.connectionId };
  });
  if (!found) return null;
  const broken: unknown[] = [];
  for (const [chunk, ordinals] of byChunk(found.due, found.chunkSize))
    try {
      await ctx.services.failpoint('while_settling');
      // A provider that is down is not asked about one chunk after the other, each with its time-out.
      if ((await resolveItems(ctx, { batchId, chunk, ordinals }, progress)) === 'unavailable') break;
    } catch (error) {
      broken.push(error);
    }
  await reduceParked(ctx);
  await finishPayoutBatch(ctx, batchId);
  // Thrown after all had their turn: a chunk that always fails keeps no other from being looked up.
  if (broken.length > 0) throw broken[0];
  return ctx.inTenant(async (stores) => {
    const nextMs = await stores.chunks.nextLookupMs(batchId);
    // Sending waits for the pause to be over as well as for an answer.
    const health = await stores.connectionHealth.of(found.connectionId, batchId);
    // What has nothing left to send learns by its look-ups alone that the provider answers again.
    if (health.told && health.kind !== 'unavailable' && (await stores.chunks.firstToSend(batchId)) === null)
      await endException(stores, 'provider_unavailable', batchId);
    return health.kind === 'unavailable' ? Math.min(nextMs ?? Number.POSITIVE_INFINITY, Math.max(health.retryInMs, ASK_AGAIN_MS)) : nextMs;
  });
};

const byChunk = (ordinals: readonly number[], chunkSize: number): Map<number, number[]> => {
  const chunks = new Map<number, number[]>();
  for (const ordinal of ordinals) {
    const chunk = chunkOf(ordinal, chunkSize);
    const known = chunks.get(chunk);
    if (known) known.push(ordinal);
    else chunks.set(chunk, [ordinal]);
  }
  return chunks;
};
