import { type BatchPlan, planBatch } from '../operations/chunk/plan.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { Absent } from './failure.js';
import { runActivity } from './run.js';

export interface LoadedBatch extends BatchPlan {
  window: number;
  /** Chunks that one activity pays, one after the other. Absent in runs that began when it was always one. */
  chunksATurn?: number;
  historyEvents: number;
}

export interface LoadBatch extends BatchPlace {
  /** Of the request that woke the run. */
  requestId?: string | undefined;
  /** True on the first load of a run that continues another. */
  continued?: boolean;
}

/** Loads what the run needs to know now. Signals grant nothing, so nothing of their content is read but the request's id (R13). */
export const loadBatchActivity =
  (deps: ActivityDeps) =>
  ({ requestId, continued, ...place }: LoadBatch): Promise<LoadedBatch> =>
    runActivity(
      deps,
      place,
      async (ctx) => {
        if (continued) await ctx.services.failpoint('in_continue_as_new');
        const plan = await planBatch(ctx, place.batchId);
        if (!plan) throw new Absent('there is no such batch');
        return { ...plan, window: deps.window, chunksATurn: chunksATurn(plan, deps.window), historyEvents: deps.historyEvents };
      },
      { asked: requestId, comesBack },
    );

/** A batch that executes or takes in its file goes on at once, or when its time comes; any other waits for people until its deadline. */
const comesBack = ({ state, startInMs, deadlineInMs, takesIn }: LoadedBatch): number | null =>
  state === 'executing' || takesIn ? startInMs : deadlineInMs && Math.max(0, deadlineInMs);

/** An activity costs Temporal and its worker the CPU of some fifty payments, so on a rail of small chunks one activity pays several. */
const ITEMS_A_TURN = 1_024;
/** Least activities for each lane of the window, so that no lane pays alone at the end. */
const TURNS_MIN = 4;

const chunksATurn = ({ chunks, chunkSize, firstChunk }: BatchPlan, window: number): number =>
  Math.max(1, Math.min(Math.floor(ITEMS_A_TURN / chunkSize), Math.floor((chunks - (firstChunk ?? 0)) / (window * TURNS_MIN))));
