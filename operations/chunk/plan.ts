import { chunkCount, chunkOf } from '../../domain/batch/content.js';
import type { BatchState } from '../../domain/batch/states.js';
import type { Context } from '../context.js';
import type { BatchRow } from '../stores/batches.js';
import { haltOf } from './intend.js';

/** What a run has to know about its batch. It is loaded again after every wake (R13), and grants nothing. */
export interface BatchPlan {
  state: BatchState;
  rail: string;
  currency: string;
  /** Items that would be paid, and their sum as a decimal string of minor units. */
  count: number;
  total: string;
  /** Items not terminal yet. */
  open: number;
  chunks: number;
  /** Most items of one chunk. */
  chunkSize: number;
  /** The lowest chunk with something left to send, or null. What was sent and not answered is looked up instead. */
  firstChunk: number | null;
  halt: 'paused' | 'cancelling' | 'integrity_failed' | null;
  /** Until the deadline of the next gate, ms on the database's clock; null without one. */
  deadlineInMs: number | null;
  /** Until the batch may begin to pay, ms; 0 when it may. */
  startInMs: number;
}

/** The plan of a batch, or null when there is none (or it is still being received). */
export const planBatch = (ctx: Context, batchId: string): Promise<BatchPlan | null> =>
  ctx.inTenant(async (stores) => {
    const view = await stores.batches.view(batchId);
    if (!view?.content) return null;
    const { batch, control, content, counter } = view;
    const executing = control.state === 'executing';
    const pending = executing && counter.open > 0 ? await stores.chunks.firstToSend(batchId) : null;
    return {
      state: control.state,
      rail: batch.rail,
      currency: batch.currency,
      count: content.count,
      total: content.total.toString(),
      open: counter.open,
      chunks: chunkCount(content.size, batch.chunkSize),
      chunkSize: batch.chunkSize,
      firstChunk: pending === null ? null : chunkOf(pending, batch.chunkSize),
      halt: haltOf(control),
      deadlineInMs: control.deadlineAt ? control.deadlineAt.getTime() - stores.now.getTime() : null,
      startInMs: startIn(batch, stores.now),
    };
  });

const startIn = ({ executeNotBefore }: BatchRow, now: Date): number =>
  executeNotBefore ? Math.max(0, executeNotBefore.getTime() - now.getTime()) : 0;
