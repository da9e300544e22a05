import { type GateQuestion, refusalToOpen } from '../../domain/gate.js';
import { type Refusal, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { BatchRow, ContentRow, ControlRow } from '../stores/batches.js';
import type { GateRow } from '../stores/gates.js';

/** All that the rules of a gate look at, read under the control row's lock. */
export interface GateFacts {
  batch: BatchRow;
  control: ControlRow;
  content: ContentRow;
  preparers: string[];
  opened: GateRow[];
}

/** Locks a batch for one of its gates; null when there is none here. */
export const lockForGate = async (stores: Stores, batchId: string): Promise<GateFacts | null> => {
  const control = await stores.batches.lock(batchId);
  const batch = control && (await stores.batches.get(batchId));
  const content = control && (await stores.batches.content(batchId, control.contentVersion));
  if (!control || !batch || !content) return null;
  const preparers = await stores.batches.preparers(batchId);
  const opened = await stores.gates.open(batchId, control.contentVersion);
  return { batch, control, content, preparers, opened };
};

/** What speaks against this actor opening this gate now: the rules of the domain, then the deadline on the database's clock. */
export const standingRefusal = (ctx: Context, stores: Stores, gate: GateQuestion['gate'], facts: GateFacts): Refusal | null => {
  const { control, preparers, opened } = facts;
  return refusalToOpen({ gate, actor: ctx.actor, state: control.state, preparers, opened }) ?? deadlineRefusal(facts, stores.now);
};

const deadlineRefusal = ({ batch, control }: GateFacts, now: Date): Refusal | null => {
  const passed = [control.deadlineAt, batch.executeBy].find((deadline) => deadline !== null && deadline <= now);
  if (!passed) return null;
  return refuse('gate_deadline_passed', 'The time for this gate is over; the batch expires. Create it anew if it still has to be paid.', {
    extra: { deadline_at: passed.toISOString() },
  }).refusal;
};
