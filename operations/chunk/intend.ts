import { rangeOf } from '../../domain/batch/content.js';
import { coverageOf } from '../../domain/item/coverage.js';
import type { Context } from '../context.js';
import { validGates } from '../gate/verify.js';
import { openDestinations } from '../payee/sealing.js';
import type { Stores } from '../ports.js';
import type { Payment } from '../rail.js';
import { type Opened, openRowAsSigned } from '../rail-connection/open.js';
import { recordDoubt } from '../recovery/record-doubt.js';
import { NEVER, type PricedStep, recordSteps } from '../settlement/record.js';
import { type ControlRow, versionOf } from '../stores/batches.js';
import type { ChunkItem } from '../stores/chunks.js';
import type { RailConnectionRow } from '../stores/rail-connections.js';
import { recordDispatch } from './record-dispatch.js';
import { type Dispatch, leaseOf } from './send.js';
import { contentMatches, paymentOf, type SignedBatch } from './verify-content.js';

/** Why nothing of a batch may be sent now. A wake-up of its run follows when that changes. */
export type Halt = ControlHalt | 'recovery_mode' | 'not_executing' | 'frozen' | 'gates_missing' | 'connection_disabled' | 'provider_unavailable';
type ControlHalt = 'integrity_failed' | 'cancelling' | 'paused';

type Wait = { kind: 'wait'; reason: 'checkpoint' | 'not_before'; afterMs: number };

export interface ChunkPlace {
  batchId: string;
  chunk: number;
}

export interface Permitted extends SignedBatch {
  kind: 'permitted';
  /** The batch's rail connection in the batch's version; not opened yet, and not compared with what was signed. */
  connection: RailConnectionRow | null;
  /** Of a batch that may have been paid before the database was restored: until when the database knows (R15). */
  knownUntil: Date | null;
  /** The chunk's stored audit path. */
  path: Uint8Array | null;
  /** Items of the batch that are not terminal yet. */
  open: number;
  /** True when the time to pay has passed: what was not sent is blocked. */
  late: boolean;
  /** True when the connection did not answer before, or the batch still says so: an answer ends that (provider-health.ts). */
  ailing: boolean;
  /** True when the connection is tried again, by one dispatch (`mayDispatch`). */
  tries: boolean;
}

export type Permit = Permitted | { kind: 'halted'; halt: Halt } | Wait;

/** How soon to look again whether the gates stand under a published checkpoint. */
const CHECKPOINT_POLL_MS = 100;

/**
 * May payments of this chunk be sent now (R1)? Locks workspace, batch and chunk for sending until the transaction ends. A pause, cancel,
 * freeze or hold of a payee waits for the transactions that hold these locks, and those that come later see it.
 */
export const permitSending = async (ctx: Context, stores: Stores, { batchId, chunk }: ChunkPlace): Promise<Permit> => {
  if (ctx.services.recovery.reason() !== null) return { kind: 'halted', halt: 'recovery_mode' };
  // One round trip: Postgres runs them in this order, so the two reads see what is there once the locks are held.
  const [, found, standing] = await Promise.all([
    stores.chunks.lockToSend(batchId, chunk),
    stores.batches.toSend(batchId, chunk),
    stores.gates.standing(batchId),
  ]);
  if (found?.control.state !== 'executing') return { kind: 'halted', halt: 'not_executing' };
  const { batch, control, content, workspace, health } = found;
  const halt = haltOf(control) ?? (workspace.frozenAt ? 'frozen' : null);
  if (halt) return { kind: 'halted', halt };

  const gates = content && (await validGates(ctx, stores, batchId, content, standing));
  if (!content || !gates || gates.kind === 'forged') return { kind: 'halted', halt: 'gates_missing' };
  if (batch.executeNotBefore && stores.now < batch.executeNotBefore)
    return { kind: 'wait', reason: 'not_before', afterMs: batch.executeNotBefore.getTime() - stores.now.getTime() };
  if (gates.kind === 'unpublished') return { kind: 'wait', reason: 'checkpoint', afterMs: CHECKPOINT_POLL_MS };
  const late = batch.executeBy !== null && stores.now >= batch.executeBy;
  // What is late is blocked and not sent, so it need not wait for the provider.
  if (health.kind === 'unavailable' && !late) return { kind: 'halted', halt: 'provider_unavailable' };
  const ailing = health.failed || health.told;
  return {
    kind: 'permitted',
    batch,
    content,
    mode: workspace.mode,
    connection: found.connection,
    knownUntil: found.knownUntil,
    path: found.path,
    open: found.open,
    executeGate: gates.executeGate,
    late,
    ailing,
    tries: health.kind === 'try',
  };
};

/** Whether a permitted dispatch may be written: while a connection is tried again, exactly one is. Asked last, because whoever asks has to send. */
export const mayDispatch = async (stores: Stores, { batch, tries }: Permitted): Promise<boolean> =>
  !tries || stores.connectionHealth.claimTry(batch.connectionId);

/** What of a batch's own control row stops it, most lasting first. */
export const haltOf = (control: ControlRow): ControlHalt | null => {
  if (control.cancellingAt) return 'cancelling';
  if (control.integrityFailedAt) return 'integrity_failed';
  if (control.pausedAt) return 'paused';
  return null;
};

export type Intent =
  | { kind: 'send'; dispatch: Dispatch; ailing: boolean }
  /** Nothing of the chunk is left to send. `sentBefore`: an earlier dispatch covers it. `open`: items of the batch that are not terminal. */
  | { kind: 'nothing'; sentBefore: boolean; open: number }
  | Wait
  | { kind: 'halted'; halt: Halt }
  | { kind: 'mismatch' };

/**
 * The intent transaction (R1–R4): decides what of a chunk may be sent, proves that it is what the gates signed, and writes the dispatch
 * that makes it `submitting`, with a lease. Nothing is sent without it, and nothing of it rolls back once it has committed. An
 * item whose payee is held or deleted is blocked, and its money given back.
 */
export const intendChunk = (ctx: Context, place: ChunkPlace): Promise<Intent> =>
  ctx.inTenant(async (stores) => {
    const { batchId, chunk } = place;
    // Sent after the locks, and so read under them.
    const [permit, dispatches] = await Promise.all([permitSending(ctx, stores, place), stores.dispatches.ofChunks(batchId, [chunk])]);
    if (permit.kind !== 'permitted') return permit;
    const { open } = permit;
    if (dispatches.length > 0) return { kind: 'nothing', sentBefore: true, open };
    const { from, to } = rangeOf(chunk, permit.batch.chunkSize, permit.content.size);
    const items = await stores.chunks.items(batchId, from, to);
    const pending = items.filter((item) => item.state === 'pending');
    if (pending.length === 0) return { kind: 'nothing', sentBefore: items.some((item) => item.state === 'submitting'), open };

    // The restored database takes it for unsent, and it may have left: it is looked up first (R15).
    if (permit.knownUntil) {
      await recordDoubt(ctx, stores, permit.batch, { chunk, from, to, items: pending, attempt: 1, knownUntil: permit.knownUntil });
      return { kind: 'nothing', sentBefore: true, open };
    }
    const sendable = pending.filter((item) => blockReason(permit, item) === null);
    const sending = await openDestinations(ctx, stores, sendable);
    if (!(await contentMatches(ctx, stores, permit, { chunk, path: permit.path, items, sending }))) return { kind: 'mismatch' };
    // What is late is only blocked, so a disabled connection keeps no money.
    const opened = sendable.length > 0 ? await openRowAsSigned(ctx, stores, permit.batch, permit.connection) : null;
    if (sendable.length > 0 && !opened) return { kind: 'mismatch' };
    if (opened?.disabled) return { kind: 'halted', halt: 'connection_disabled' };
    if (sendable.length > 0 && !(await mayDispatch(stores, permit))) return { kind: 'halted', halt: 'provider_unavailable' };
    const left = await block(ctx, stores, permit, pending);
    if (!opened) return { kind: 'nothing', sentBefore: false, open: left };
    const payments = sendable.map((item) => {
      const destination = sending.get(item.ordinal);
      if (!destination) throw new Error(`the destination of item ${item.ordinal} was verified, but is not open`);
      return paymentOf(permit.batch, item, destination);
    });
    return {
      kind: 'send',
      ailing: permit.ailing,
      dispatch: await writeDispatch(stores, permit, opened, { chunk, from, to, sendable, payments }),
    };
  });

/** Why a pending item is blocked instead of sent; null when it may be sent. */
const blockReason = (permit: Permitted, item: ChunkItem): 'execute_by_passed' | 'payee_deleted' | 'payee_held' | null => {
  if (permit.late) return 'execute_by_passed';
  if (item.subjectKey === null) return 'payee_deleted';
  return item.payeeHeld ? 'payee_held' : null;
};

/** Blocks what may not be sent: pending → blocked, with its money given back. Answers how many items of the batch are open then. */
const block = async (ctx: Context, stores: Stores, permit: Permitted, pending: readonly ChunkItem[]): Promise<number> => {
  const steps = pending.flatMap((item): PricedStep[] => {
    const reason = blockReason(permit, item);
    const { ordinal, version, amount } = item;
    if (reason === null) return [];
    return [{ ordinal, version: version + 1, from: 'pending', to: 'blocked', rank: 0, providerReference: null, inboundId: null, reason, amount }];
  });
  if (steps.length === 0) return permit.open;
  const { open } = await recordSteps(ctx, stores, permit.batch, { action: 'chunk.settle', source: 'intent', steps, lookUp: NEVER });
  return open;
};

const writeDispatch = async (
  stores: Stores,
  { batch }: Permitted,
  opened: Opened,
  { chunk, from, to, sendable, payments }: { chunk: number; from: number; to: number; sendable: readonly ChunkItem[]; payments: readonly Payment[] },
): Promise<Dispatch> => {
  const capabilities = opened.rail.capabilities(opened.connection);
  const leaseMs = leaseOf(capabilities);
  const artefact = opened.rail.prepare(payments);
  await recordDispatch(stores, {
    batchId: batch.id,
    chunk,
    attempt: 1,
    purpose: 'first',
    ...coverageOf(
      from,
      to,
      sendable.map((item) => item.ordinal),
    ),
    connectionId: batch.connectionId,
    connectionVersion: versionOf(batch),
    rendererVersion: artefact.rendererVersion,
    artefactHash: artefact.hash,
    itemCount: sendable.length,
    leaseMs,
    amount: sendable.reduce((sum, item) => sum + item.amount, 0n),
  });
  return { ...opened, capabilities, artefact, leaseMs };
};
