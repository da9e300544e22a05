import { type BatchPlan, planBatch } from '../operations/chunk/plan.js';
import type { Stores } from '../operations/ports.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { Absent } from './failure.js';
import { runActivity } from './run.js';

export interface LoadedBatch extends BatchPlan {
  /** Of the gate that a signal named: whether it stands on the content that the batch has now. Null when none was named. */
  gateValid: boolean | null;
  window: number;
  /** Chunks that one activity pays, one after the other. Absent in runs that began when it was always one. */
  chunksATurn?: number;
  historyEvents: number;
}

export interface LoadBatch extends BatchPlace {
  gateId?: string | undefined;
  /** Of the request that the wake came from. */
  requestId?: string | undefined;
  /** True on the first load of a run that continues another. */
  continued?: boolean;
}

/** What the run needs to know now. A gate that a signal names counts only if it is here, on this batch's current content. */
export const loadBatchActivity =
  (deps: ActivityDeps) =>
  ({ gateId, requestId, continued, ...place }: LoadBatch): Promise<LoadedBatch> =>
    runActivity(
      deps,
      place,
      async (ctx) => {
        if (continued) await ctx.services.failpoint('in_continue_as_new');
        const plan = await planBatch(ctx, place.batchId);
        if (!plan) throw new Absent('there is no such batch');
        const gateValid = gateId === undefined ? null : await ctx.inTenant((stores) => isValidGate(stores, place.batchId, gateId));
        return { ...plan, gateValid, window: deps.window, chunksATurn: chunksATurn(plan, deps.window), historyEvents: deps.historyEvents };
      },
      requestId,
    );

/** An activity costs Temporal and its worker the CPU of some fifty payments, so a rail of small chunks gets several of them in one. */
const ITEMS_A_TURN = 1_024;
/** Of each lane of the window at least, so that no lane pays alone at the end. */
const TURNS_MIN = 4;

const chunksATurn = ({ chunks, chunkSize, firstChunk }: BatchPlan, window: number): number =>
  Math.max(1, Math.min(Math.floor(ITEMS_A_TURN / chunkSize), Math.floor((chunks - (firstChunk ?? 0)) / (window * TURNS_MIN))));

/** A gate stands when it was opened on the content that the batch has now; a view shows only those. */
const isValidGate = async (stores: Stores, batchId: string, gateId: string): Promise<boolean> =>
  (await stores.batches.view(batchId))?.gates.some((gate) => gate.id === gateId) ?? false;
