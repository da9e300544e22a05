import { chunkCount, chunkOf } from '../../domain/batch/content.js';
import type { BatchState } from '../../domain/batch/states.js';
import type { Context } from '../context.js';
import { abandonedAt } from '../intake/sweep-uploads.js';
import type { Stores } from '../ports.js';
import type { BatchView } from '../stores/batch-views.js';
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
  /** Whether its file has to be taken in. Absent in runs that began before a run did that. */
  takesIn?: boolean;
}

/** The plan of a batch, or null when there is none. */
export const planBatch = (ctx: Context, batchId: string): Promise<BatchPlan | null> =>
  ctx.inTenant(async (stores) => {
    const view = await stores.batches.view(batchId);
    if (!view?.content) return planUpload(stores, batchId, view);
    const { batch, control, content, counter } = view;
    const executing = control.state === 'executing';
    // What may have been paid before a restore does not expire.
    const marked = !executing && control.deadlineAt !== null && (await stores.recoveries.markOf(batchId)) !== null;
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
      deadlineInMs: control.deadlineAt && !marked ? control.deadlineAt.getTime() - stores.now.getTime() : null,
      startInMs: startIn(batch, stores.now),
    };
  });

/** Whose content is not there: a file is on its way, is given up after a while, or has ended without becoming a batch. */
const planUpload = async (stores: Stores, batchId: string, view: BatchView | null): Promise<BatchPlan | null> => {
  const open = await stores.batches.incoming(batchId);
  const batch = open?.batch ?? view?.batch ?? (await stores.batches.get(batchId));
  if (!batch) return null;
  return {
    state: open?.control.state ?? view?.control.state ?? 'cancelled',
    rail: batch.rail,
    currency: batch.currency,
    count: 0,
    total: '0',
    open: 0,
    chunks: 0,
    chunkSize: batch.chunkSize,
    firstChunk: null,
    halt: null,
    deadlineInMs: open?.control.deadlineAt ? abandonedAt(open.control.deadlineAt).getTime() - stores.now.getTime() : null,
    startInMs: 0,
    takesIn: open?.upload != null,
  };
};

const startIn = ({ executeNotBefore }: BatchRow, now: Date): number =>
  executeNotBefore ? Math.max(0, executeNotBefore.getTime() - now.getTime()) : 0;
