import { ActivityFailure, condition, isCancellation, patched, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { BatchActivities, ChunkActivities } from '../activities/create.js';
import type { LoadedBatch } from '../activities/load-batch.js';
import type { PayoutBatchInput } from './messages.js';
import { BESIDE_MS, chunkOptions, LOOKUP } from './policies.js';

const { lookUpDue } = proxyActivities<BatchActivities>(LOOKUP);

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
  /** Lookups of earlier chunks go on beside sending: a long batch leaves nobody unknown until its end. */
  const lookUpBeside = async (closed: () => boolean): Promise<void> => {
    while (!(await condition(closed, BESIDE_MS))) await lookUpDue(input);
  };
  const lanes = Promise.all(Array.from({ length: Math.min(batch.window, batch.chunks - first) }, lane));
  if (!patched('look-up-beside')) await lanes;
  else {
    let open = true;
    const beside = lookUpBeside(() => !open);
    await lanes.finally(() => {
      open = false;
    });
    await beside;
  }
  return stop ?? { kind: 'done' };
};
