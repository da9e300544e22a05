import { rangeOf } from '../../domain/batch/content.js';
import { GATES } from '../../domain/gate.js';
import { sameBytes } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import { type OpenedDestination, openDestinations } from '../payee/sealing.js';
import type { Stores } from '../ports.js';
import { openConnection } from '../rail-connection/open.js';
import { type PricedMove, recordMoves } from '../settlement/record.js';
import type { ContentRow, ControlRow } from '../stores/batches.js';
import type { ChunkItem } from '../stores/chunks.js';
import type { GateRow } from '../stores/gates.js';
import { type Dispatch, leaseOf } from './send.js';
import { contentMatches, paymentOf, type SignedBatch } from './verify-content.js';

/** Why nothing of a batch may be sent now. A wake-up of its run follows when that changes. */
export type Halt = ControlHalt | 'recovery_mode' | 'not_executing' | 'frozen' | 'gates_missing';
type ControlHalt = 'integrity_failed' | 'cancelling' | 'paused';

type Wait = { kind: 'wait'; reason: 'checkpoint' | 'not_before'; afterMs: number };

export interface Permitted extends SignedBatch {
  kind: 'permitted';
  /** True when the time to pay has passed: what was not sent is blocked. */
  late: boolean;
}

export type Permit = Permitted | { kind: 'halted'; halt: Halt } | Wait;

/** How soon to look again whether the gates stand under a published checkpoint. */
const CHECKPOINT_POLL_MS = 100;

/**
 * May payments of this batch be sent now (R1)? Holds the control row and the workspace FOR SHARE until the transaction ends.
 * A pause, cancel or freeze waits for the transactions that hold them, and those that come later see it.
 */
export const permitSending = async (ctx: Context, stores: Stores, batchId: string): Promise<Permit> => {
  if (ctx.services.recovery.reason() !== null) return { kind: 'halted', halt: 'recovery_mode' };
  const control = await stores.batches.lockShared(batchId);
  const workspace = await stores.workspaces.lockShared();
  const batch = await stores.batches.get(batchId);
  if (!control || !batch || control.state !== 'executing') return { kind: 'halted', halt: 'not_executing' };
  const halt = haltOf(control) ?? (workspace.frozenAt ? 'frozen' : null);
  if (halt) return { kind: 'halted', halt };

  const content = await stores.batches.content(batchId, control.contentVersion);
  const executeGate = content ? validExecuteGate(content, await stores.gates.open(batchId, control.contentVersion)) : null;
  if (!content || !executeGate) return { kind: 'halted', halt: 'gates_missing' };
  if (batch.executeNotBefore && stores.now < batch.executeNotBefore)
    return { kind: 'wait', reason: 'not_before', afterMs: batch.executeNotBefore.getTime() - stores.now.getTime() };
  if (!(await stores.gates.underCheckpoint(batchId, control.contentVersion)))
    return { kind: 'wait', reason: 'checkpoint', afterMs: CHECKPOINT_POLL_MS };
  const late = batch.executeBy !== null && stores.now >= batch.executeBy;
  return { kind: 'permitted', batch, content, mode: workspace.mode, executeGate, late };
};

/** What of a batch's own control row stops it, most lasting first. */
export const haltOf = (control: ControlRow): ControlHalt | null => {
  if (control.integrityFailedAt) return 'integrity_failed';
  if (control.cancellingAt) return 'cancelling';
  if (control.pausedAt) return 'paused';
  return null;
};

/** The execute gate, when all three gates stand on this content, opened by three people. */
const validExecuteGate = (content: ContentRow, gates: readonly GateRow[]): GateRow | null => {
  const valid = gates.filter((gate) => gate.contentVersion === content.contentVersion && sameBytes(gate.digest, content.digest));
  const people = new Set(valid.map((gate) => gate.personId));
  if (!GATES.every((name) => valid.some((gate) => gate.gate === name)) || people.size !== GATES.length) return null;
  return valid.find((gate) => gate.gate === 'execute') ?? null;
};

export type Intent =
  | { kind: 'send'; dispatch: Dispatch; open: number }
  /** Nothing of the chunk is pending; `sentBefore` of its items wait for evidence. */
  | { kind: 'nothing'; sentBefore: number; open: number }
  | Wait
  | { kind: 'halted'; halt: Halt }
  | { kind: 'mismatch' };

/**
 * The intent transaction (R1–R4): decides what of a chunk may be sent, proves that it is what the gates signed, and moves it
 * to `submitting` under an attempt with a lease. Nothing is sent without it, and nothing of it rolls back once it has
 * committed. An item whose payee is held or deleted is blocked, and its money given back.
 */
export const intendChunk = (ctx: Context, { batchId, chunk }: { batchId: string; chunk: number }): Promise<Intent> =>
  ctx.inTenant(async (stores) => {
    const permit = await permitSending(ctx, stores, batchId);
    if (permit.kind !== 'permitted') return permit;
    const { from, to } = rangeOf(chunk, permit.batch.chunkSize, permit.content.size);
    const items = await stores.chunks.lockItems(batchId, from, to);
    const pending = items.filter((item) => item.state === 'pending');
    if (pending.length === 0) return nothing(stores, batchId, items);

    const sendable = pending.filter((item) => blockReason(permit, item) === null);
    const sending = await openDestinations(ctx, stores, sendable);
    if (!(await contentMatches(ctx, stores, permit, { chunk, items, sending }))) return { kind: 'mismatch' };
    return commitIntent(ctx, stores, permit, { chunk, pending, sendable, sending });
  });

const nothing = async (stores: Stores, batchId: string, items: readonly ChunkItem[]): Promise<Intent> => ({
  kind: 'nothing',
  sentBefore: items.filter((item) => item.state === 'submitting').length,
  open: (await stores.batches.counter(batchId)).open,
});

/** Why a pending item is blocked instead of sent; null when it may be sent. */
const blockReason = (permit: Permitted, item: ChunkItem): 'execute_by_passed' | 'payee_deleted' | 'payee_held' | null => {
  if (permit.late) return 'execute_by_passed';
  if (item.subjectKey === null) return 'payee_deleted';
  return item.payeeHeld ? 'payee_held' : null;
};

const commitIntent = async (
  ctx: Context,
  stores: Stores,
  permit: Permitted,
  found: { chunk: number; pending: ChunkItem[]; sendable: ChunkItem[]; sending: ReadonlyMap<number, OpenedDestination | null> },
): Promise<Intent> => {
  const { batch } = permit;
  const opened = await openConnection(ctx, stores, batch.connectionId);
  if (!opened) throw new Error(`batch ${batch.id} names a rail or a rail connection that does not exist`);
  const capabilities = opened.rail.capabilities(opened.connection);
  const leaseMs = leaseOf(capabilities);
  const payments = found.sendable.map((item) => {
    const destination = found.sending.get(item.ordinal);
    if (!destination) throw new Error(`the destination of item ${item.ordinal} was verified, but is not open`);
    return paymentOf(batch, item, destination);
  });
  const artefact = opened.rail.prepare(payments);
  const attempt = ((await stores.attempts.ofChunk(batch.id, found.chunk)).at(-1)?.attempt ?? 0) + 1;
  if (payments.length > 0)
    await stores.attempts.insert({
      batchId: batch.id,
      chunk: found.chunk,
      attempt,
      connectionId: batch.connectionId,
      rendererVersion: artefact.rendererVersion,
      requestHash: artefact.hash,
      itemCount: payments.length,
      leaseMs,
    });
  const moves = found.pending.map((item) => moveOf(item, blockReason(permit, item), attempt, leaseMs));
  const { counter } = await recordMoves(ctx, stores, batch, { action: 'chunk.intend', source: 'intent', moves, detail: { attempt } });
  if (payments.length === 0) return { kind: 'nothing', sentBefore: 0, open: counter.open };
  return { kind: 'send', dispatch: { ...opened, capabilities, artefact, leaseMs }, open: counter.open };
};

const moveOf = (item: ChunkItem, blocked: string | null, attempt: number, leaseMs: number): PricedMove => ({
  ordinal: item.ordinal,
  version: item.version,
  from: 'pending',
  to: blocked ? 'blocked' : 'submitting',
  rank: 0,
  attempt: blocked ? item.attempt : attempt,
  providerReference: null,
  reason: blocked,
  inboundId: null,
  // If the process of this attempt dies, the item is looked up once the lease has ended.
  lookUpAfterMs: blocked ? null : leaseMs,
  amount: item.amount,
});
