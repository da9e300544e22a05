import { ActivityFailure, isCancellation, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ChunkActivities } from '../activities/create.js';
import type { LoadedBatch } from '../activities/load-batch.js';
import type { PayoutBatchInput } from './messages.js';
import { chunkOptions } from './policies.js';

/** Why the window closed. `done`: every chunk was tried. `history`: the history is long enough, so the run continues as new. */
export type WindowStop =
  | { kind: 'done' }
  | { kind: 'history' }
  | { kind: 'broken' }
  | { kind: 'halted'; halt: string }
  | { kind: 'wait'; afterMs: number };

/**
 * Runs chunk activities from `first` on, a bounded number at a time. It returns only when none is in flight any more, so that the run
 * can continue as new. A chunk that finds the batch paused, cancelled or too early closes the window.
 */
export const payWindow = async (
  input: PayoutBatchInput,
  batch: LoadedBatch,
  first: number,
  onDone: (chunks: number) => void,
): Promise<WindowStop> => {
  const { payChunk } = proxyActivities<ChunkActivities>(chunkOptions(input.tenantId));
  let next = first;
  let stop: WindowStop | null = null;

  const lane = async (): Promise<void> => {
    while (next < batch.chunks && stop === null) {
      // The first chunk always runs, so that every run makes progress.
      if (next > first && workflowInfo().historyLength > batch.historyEvents) {
        stop = { kind: 'history' };
        return;
      }
      const chunk = next;
      const chunks = Math.min(batch.chunksATurn ?? 1, batch.chunks - chunk);
      next += chunks;
      const report = await payChunk({ ...input, chunk, ...(chunks > 1 ? { chunks } : {}) }).catch((error: unknown) => {
        if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
        return { kind: 'broken' } as const;
      });
      if (report.kind === 'paid' || report.kind === 'resolved') onDone(chunks);
      else stop = report;
    }
  };
  await Promise.all(Array.from({ length: Math.min(batch.window, batch.chunks - first) }, lane));
  return stop ?? { kind: 'done' };
};
