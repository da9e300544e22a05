import { chunkOf } from '../../domain/batch/content.js';
import { toHex } from '../../domain/hashing.js';
import { type ItemState, isTerminalItem } from '../../domain/item/states.js';
import { transitionsRoot } from '../../domain/item/transitions.js';
import type { Context } from '../context.js';
import { postTransitions } from '../ledger/post.js';
import type { Stores } from '../ports.js';
import type { BatchRow, CounterRow } from '../stores/batches.js';
import type { ItemMove } from '../stores/chunks.js';
import type { TransitionSource } from '../stores/transitions.js';

/** A move of an item, with the amount of the item, minor units. */
export interface PricedMove extends ItemMove {
  amount: bigint;
}

export interface Recording {
  action: 'chunk.intend' | 'chunk.settle';
  source: TransitionSource;
  /** Of items that this transaction has locked. */
  moves: readonly PricedMove[];
  /** Added to the audit event of every chunk; no personal data. */
  detail?: Record<string, string | number>;
}

/**
 * Writes transitions of one batch with all that follows from them, in the one lock order (R8): items and their transitions, hold,
 * ledger, counters, then one audit event for each chunk over the root of its transitions. Returns the counters after it, and the
 * sum that suspense covered, minor units.
 */
export const recordMoves = async (
  ctx: Context,
  stores: Stores,
  batch: BatchRow,
  { action, source, moves, detail = {} }: Recording,
): Promise<{ counter: CounterRow; covered: bigint }> => {
  const chunks = [...byChunk(moves, batch.chunkSize)].map(([chunk, steps]) => ({ chunk, steps, eventId: stores.audit.newId() }));
  for (const { steps, eventId } of chunks) {
    const moved = await stores.chunks.moveItems(batch.id, eventId, source, steps);
    if (moved !== steps.length) throw new Error(`${steps.length - moved} locked items of batch ${batch.id} did not move`);
  }
  await reduceHold(stores, batch, moves);
  let covered = 0n;
  for (const { steps, eventId } of chunks) covered += await postTransitions(stores, batch, eventId, steps);
  const counter = await stores.batches.addToCounter(batch.id, countersOf(moves));
  for (const { chunk, steps, eventId } of chunks) {
    const root = transitionsRoot(
      ctx.services.sha256,
      steps.map(({ ordinal, version, from, to, rank, inboundId, providerReference, reason }) => {
        return { ordinal, version: version + 1, from, to, rank, source, inboundId, providerReference, reason };
      }),
    );
    await stores.audit.append({
      id: eventId,
      subject: { type: 'chunk', id: `${batch.id}/${chunk}` },
      action,
      result: 'ok',
      detail: { ...detail, chunk, source, transitions: summaryOf(steps), transitions_root: toHex(root) },
    });
  }
  return { counter, covered };
};

const byChunk = (moves: readonly PricedMove[], chunkSize: number): Map<number, PricedMove[]> => {
  const chunks = new Map<number, PricedMove[]>();
  for (const move of [...moves].sort((a, b) => a.ordinal - b.ordinal)) {
    const chunk = chunkOf(move.ordinal, chunkSize);
    const steps = chunks.get(chunk);
    if (steps) steps.push(move);
    else chunks.set(chunk, [move]);
  }
  return chunks;
};

/** Money of items that became terminal is no longer held: at every commit the hold is the sum of the other items (R16). */
const reduceHold = async (stores: Stores, batch: BatchRow, moves: readonly PricedMove[]): Promise<void> => {
  const freed = moves.reduce((sum, move) => (!isTerminalItem(move.from) && isTerminalItem(move.to) ? sum + move.amount : sum), 0n);
  if (freed === 0n) return;
  const hold = await stores.holds.lockLive(batch.id);
  if (!hold) throw new Error(`batch ${batch.id} settles without a live hold`);
  await stores.holds.reduce(hold.id, freed);
};

/** States that have a counter of their own. The other open states are counted in `open` only. */
const COUNTED: Partial<Record<ItemState, 'unknown' | 'submitted' | 'paid' | 'failed' | 'returned' | 'cancelled' | 'blocked'>> = {
  unknown: 'unknown',
  submitted: 'submitted',
  paid: 'paid',
  failed: 'failed',
  returned: 'returned',
  cancelled: 'cancelled',
  blocked: 'blocked',
};

const countersOf = (moves: readonly PricedMove[]): Partial<CounterRow> => {
  const deltas = { open: 0, unknown: 0, submitted: 0, paid: 0, failed: 0, returned: 0, cancelled: 0, blocked: 0, wasUnknown: 0, paidAmount: 0n };
  const add = (state: ItemState, by: 1 | -1, amount: bigint) => {
    if (!isTerminalItem(state)) deltas.open += by;
    const counted = COUNTED[state];
    if (counted) deltas[counted] += by;
    if (state === 'paid') deltas.paidAmount += amount * BigInt(by);
  };
  for (const { from, to, amount } of moves) {
    add(from, -1, amount);
    add(to, 1, amount);
    if (to === 'unknown') deltas.wasUnknown += 1;
  }
  return deltas;
};

/** `{"submitting>paid": {"count": 1024, "amount": "51200"}}`: counts and sums in minor units. */
const summaryOf = (steps: readonly PricedMove[]): { [edge: string]: { count: number; amount: string } } => {
  const sums = new Map<string, { count: number; amount: bigint }>();
  for (const { from, to, amount } of steps) {
    const sum = sums.get(`${from}>${to}`) ?? { count: 0, amount: 0n };
    sums.set(`${from}>${to}`, { count: sum.count + 1, amount: sum.amount + amount });
  }
  return Object.fromEntries([...sums].map(([edge, sum]) => [edge, { count: sum.count, amount: sum.amount.toString() }]));
};
