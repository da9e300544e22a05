import { rangeOf } from '../../domain/batch/content.js';
import type { Context } from '../context.js';
import type { Artefact, OpenConnection, Rail, RailCapabilities, Stores } from '../ports.js';
import { openConnection } from '../rail-connection/open.js';
import { type PricedMove, recordMoves } from '../settlement/record.js';
import type { ChunkItem } from '../stores/chunks.js';
import { openDestinations } from './open-destinations.js';
import { type Halt, type Permitted, permitSending } from './permit.js';
import { contentMatches, paymentOf } from './verify-content.js';

/** What a committed intent allows to send, and until when. */
export interface Dispatch {
  rail: Rail;
  connection: OpenConnection;
  capabilities: RailCapabilities;
  artefact: Artefact;
  /** Length of the lease, counted from before the intent transaction began (R2). */
  leaseMs: number;
}

export type Intent =
  | { kind: 'send'; dispatch: Dispatch; open: number }
  /** Nothing of the chunk is pending; `sentBefore` items of it wait for evidence. */
  | { kind: 'nothing'; sentBefore: number; open: number }
  | { kind: 'wait'; reason: 'checkpoint' | 'not_before'; afterMs: number }
  | { kind: 'halted'; halt: Halt }
  | { kind: 'mismatch' };

/** On top of two HTTP time-outs, one for the call and one for a retry on a dead connection. */
const LEASE_MARGIN_MS = 2_000;
export const leaseOf = (capabilities: RailCapabilities): number => capabilities.timeoutMs * 2 + LEASE_MARGIN_MS;

/**
 * The intent transaction (R1–R4): decides what of a chunk may leave, proves that it is what the gates signed, and
 * moves it to `submitting` under an attempt with a lease. Nothing is sent without it, and nothing of it rolls back
 * once it has committed. Payees that are held or deleted are set aside, with their money released.
 */
export const intendChunk = (ctx: Context, { batchId, chunk }: { batchId: string; chunk: number }): Promise<Intent> =>
  ctx.inTenant(async (stores) => {
    const permit = await permitSending(ctx, stores, batchId);
    if (permit.kind !== 'permitted') return permit;
    const { from, to } = rangeOf(chunk, permit.batch.chunkSize, permit.content.size);
    const items = await stores.chunks.lockItems(batchId, from, to);
    const pending = items.filter((item) => item.state === 'pending');
    if (pending.length === 0) return nothing(stores, batchId, items);

    const sendable = pending.filter((item) => setAsideFor(permit, item) === null);
    const sending = await openDestinations(ctx, stores, sendable);
    if (!(await contentMatches(ctx, stores, permit, { chunk, items, sending }))) return { kind: 'mismatch' };
    return commitIntent(ctx, stores, permit, { chunk, pending, sendable, sending });
  });

const nothing = async (stores: Stores, batchId: string, items: readonly ChunkItem[]): Promise<Intent> => ({
  kind: 'nothing',
  sentBefore: items.filter((item) => item.state === 'submitting').length,
  open: (await stores.batches.counter(batchId)).open,
});

/** Why an item is set aside instead of sent; null when nothing stands against it. */
const setAsideFor = (permit: Permitted, item: ChunkItem): 'execute_by_passed' | 'payee_deleted' | 'payee_held' | null => {
  if (permit.late) return 'execute_by_passed';
  if (item.subjectKey === null) return 'payee_deleted';
  return item.payeeHeld ? 'payee_held' : null;
};

const commitIntent = async (
  ctx: Context,
  stores: Stores,
  permit: Permitted,
  found: { chunk: number; pending: ChunkItem[]; sendable: ChunkItem[]; sending: Awaited<ReturnType<typeof openDestinations>> },
): Promise<Intent> => {
  const { batch } = permit;
  const opened = await openConnection(ctx, stores, batch.connectionId);
  if (!opened) throw new Error(`batch ${batch.id} names a rail or connection that is not there`);
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
  const moves = found.pending.map((item) => moveOf(item, setAsideFor(permit, item), attempt, leaseMs));
  const { counter } = await recordMoves(ctx, stores, batch, { action: 'chunk.intend', source: 'intent', moves, detail: { attempt } });
  if (payments.length === 0) return { kind: 'nothing', sentBefore: 0, open: counter.open };
  return { kind: 'send', dispatch: { ...opened, capabilities, artefact, leaseMs }, open: counter.open };
};

const moveOf = (item: ChunkItem, reason: string | null, attempt: number, leaseMs: number): PricedMove => ({
  ordinal: item.ordinal,
  version: item.version,
  from: 'pending',
  to: reason ? 'blocked' : 'submitting',
  rank: 0,
  attempt: reason ? item.attempt : attempt,
  providerReference: null,
  reason,
  inboundId: null,
  // Should this attempt die, the item is asked for once its lease has ended.
  lookUpAfterMs: reason ? null : leaseMs,
  amount: item.amount,
});
