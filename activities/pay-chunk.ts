import { setTimeout as pause } from 'node:timers/promises';
import { cancellationSignal } from '@temporalio/activity';
import { type ChunkReport, payChunk } from '../operations/chunk/pay.js';
import type { Progress } from '../operations/chunk/send.js';
import type { Context } from '../operations/context.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { runActivity } from './run.js';

/** Waits shorter than this stay inside the activity: a durable timer costs five history events. */
const SHORT_WAIT_MS = 1_000;
const SHORT_WAITS_MAX = 100;

/** While chunks are paid one after the other, one note of progress in this time is enough. */
const NOTE_EVERY_MS = 2_500;

/**
 * Pays one chunk (operations/chunk/pay.ts), or `chunks` of them one after the other, until one may not be sent. It may run any number of
 * times and die anywhere: a chunk that was paid before reports at once that nothing is pending.
 */
export const payChunkActivity = (deps: ActivityDeps) => {
  const isNoted = notedLately();
  return ({ chunks = 1, ...place }: BatchPlace & { chunk: number; chunks?: number }): Promise<ChunkReport> =>
    runActivity(
      deps,
      place,
      async (ctx, progress) => {
        for (let chunk = place.chunk; ; chunk++) {
          const report = await payOne(ctx, { batchId: place.batchId, chunk }, progress);
          await ctx.services.failpoint('between_chunks');
          if ((report.kind !== 'paid' && report.kind !== 'resolved') || chunk + 1 === place.chunk + chunks) return report;
          // A process that stops leaves the remaining chunks to another.
          cancellationSignal().throwIfAborted();
        }
      },
      { comesBack: (report) => (report.kind === 'wait' ? report.afterMs : isNoted(place.batchId) ? 'noted' : 0) },
    );
};

/** Whether this was asked for the same batch within the last seconds. */
const notedLately = (): ((batchId: string) => boolean) => {
  const notedAt = new Map<string, number>();
  return (batchId) => {
    const now = performance.now();
    for (const [id, at] of notedAt) if (now - at >= NOTE_EVERY_MS) notedAt.delete(id);
    if (notedAt.has(batchId)) return true;
    notedAt.set(batchId, now);
    return false;
  };
};

const payOne = async (ctx: Context, place: { batchId: string; chunk: number }, progress: Progress): Promise<ChunkReport> => {
  for (let waits = 0; ; waits++) {
    const report = await payChunk(ctx, place, progress);
    if (report.kind !== 'wait' || report.afterMs > SHORT_WAIT_MS || waits === SHORT_WAITS_MAX) return report;
    await pause(report.afterMs);
  }
};
