import { setTimeout as pause } from 'node:timers/promises';
import { type ChunkReport, payChunk } from '../operations/chunk/pay.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { runActivity } from './run.js';

/** Waits shorter than this stay inside the activity: a durable timer costs five history events. */
const SHORT_WAIT_MS = 1_000;
const SHORT_WAITS_MOST = 100;

/** Pays one chunk (operations/chunk/pay.ts). May run any number of times and die anywhere. */
export const payChunkActivity =
  (deps: ActivityDeps) =>
  (place: BatchPlace & { chunk: number }): Promise<ChunkReport> =>
    runActivity(deps, place, async (ctx, progress) => {
      for (let waits = 0; ; waits++) {
        const report = await payChunk(ctx, { batchId: place.batchId, chunk: place.chunk }, progress);
        if (report.kind !== 'wait' || report.afterMs > SHORT_WAIT_MS || waits === SHORT_WAITS_MOST) {
          await ctx.services.failpoint('between_chunks');
          return report;
        }
        await pause(report.afterMs);
      }
    });
