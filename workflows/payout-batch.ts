import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { BatchActivities } from '../activities/create.js';
import type { LoadedBatch } from '../activities/load-batch.js';
import { type BatchState, isTerminalBatch } from '../domain/batch/states.js';
import { BATCH_CHANGED, type BatchChanged, GATE_OPENED, type GateOpened, type PayoutBatchInput } from './messages.js';
import { payWindow } from './pay-window.js';
import { BROKEN_MS, IDLE_MS, LIGHT, LOOKUP, LOOKUP_MIN_MS, QUIET_MS, TAKE_IN } from './policies.js';
import { batchShower } from './show-batch.js';

export const gateOpened = defineSignal<[GateOpened]>(GATE_OPENED);
export const batchChanged = defineSignal<[BatchChanged?]>(BATCH_CHANGED);

export interface Progress {
  state: BatchState | 'loading';
  doing: string;
  open: number;
  chunks: number;
  /** Chunks that this run has paid or resolved. */
  done: number;
}
export const progressQuery = defineQuery<Progress>('progress');

const { loadBatch, expireBatch } = proxyActivities<BatchActivities>(LIGHT);
const { lookUpDue } = proxyActivities<BatchActivities>(LOOKUP);
const { takeIn } = proxyActivities<BatchActivities>(TAKE_IN);

/**
 * Drives one payout batch: receiving → queued → approved → authorized → executing → completed | failed. Postgres decides and
 * remembers; this workflow only waits for people, paces the chunks and starts the lookups that are due (R13). A signal wakes it and
 * grants nothing: it loads the batch and goes on from there. It ends when the batch has ended in Postgres.
 */
export async function payoutBatch(input: PayoutBatchInput): Promise<{ state: BatchState }> {
  let wakes = 0;
  /** The request behind the newest signal; the next load is logged with it. */
  let requestId: string | undefined;
  let continued = workflowInfo().continuedFromExecutionRunId !== undefined;
  /** Rounds of lookups, one after the other, that found nothing to wait for. */
  let quiet = 0;
  const progress: Progress = { state: 'loading', doing: 'load', open: 0, chunks: 0, done: 0 };
  const show = batchShower(input);
  const wakeUp = (message: { requestId?: string | undefined } | undefined): void => {
    requestId = message?.requestId;
    wakes++;
  };
  setHandler(gateOpened, wakeUp);
  setHandler(batchChanged, wakeUp);
  setHandler(progressQuery, () => progress);

  const doing = (batch: LoadedBatch, what: string): void => {
    Object.assign(progress, { state: batch.state, doing: what, open: batch.open, chunks: batch.chunks });
    show(batch, what);
  };
  /** Waits for a signal after the first `seen` ones, at most `ms`. */
  const wake = (seen: number, ms: number) => condition(() => wakes !== seen, Math.max(1, Math.min(ms, IDLE_MS)));

  for (let round = 0; ; round++) {
    const seen = wakes;
    const load = { ...input, requestId, continued };
    requestId = undefined;
    continued = false;
    const batch = await loadBatch(load);
    if (isTerminalBatch(batch.state)) {
      doing(batch, 'ended');
      await condition(allHandlersFinished);
      return { state: batch.state };
    }
    if (round > 0 && workflowInfo().historyLength > batch.historyEvents) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof payoutBatch>(input);
    }
    if (batch.takesIn) {
      doing(batch, 'takes in its file');
      await takeIn(input);
    } else if (batch.state !== 'executing') {
      if (batch.deadlineInMs !== null && batch.deadlineInMs <= 0) await expireBatch(input);
      else {
        doing(batch, WAITS_FOR[batch.state] ?? 'waits');
        await wake(seen, batch.deadlineInMs ?? IDLE_MS);
      }
    } else if (batch.halt === null && batch.startInMs > 0) {
      doing(batch, 'waits for the time to begin');
      await wake(seen, batch.startInMs);
    } else if (batch.halt === null && batch.firstChunk !== null) {
      doing(batch, 'pays');
      const stop = await payWindow(input, batch, batch.firstChunk, (chunks) => {
        progress.done += chunks;
      });
      if (stop.kind === 'broken') await wake(seen, BROKEN_MS);
      if (stop.kind === 'wait') await wake(seen, stop.afterMs);
      if (stop.kind === 'halted') await lookUp(seen, `halted: ${stop.halt}`);
    } else await lookUp(seen, batch.halt ?? 'settles');

    /** While nothing may be sent, lookups still collect evidence: runs those that are due, then waits for the next one or a signal. */
    async function lookUp(from: number, what: string): Promise<void> {
      doing(batch, what);
      const nextMs = await lookUpDue(input);
      quiet = nextMs === null ? quiet + 1 : 0;
      await wake(from, Math.max(LOOKUP_MIN_MS, nextMs ?? Math.min(QUIET_MS, LOOKUP_MIN_MS * 2 ** quiet)));
    }
  }
}

const WAITS_FOR: Partial<Record<BatchState, string>> = {
  receiving: 'waits for the rest of its file',
  draft: 'waits to be submitted',
  queued: 'waits for approve',
  approved: 'waits for authorize',
  authorized: 'waits for execute',
};
