import { chunkOf } from '../../domain/batch/content.js';
import type { ItemState } from '../../domain/item/states.js';
import { blockHash, type ItemTransition, transitionBlock } from '../../domain/item/transitions.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';
import type { LookUpDelays } from '../stores/chunks.js';
import type { TransitionSource } from '../stores/transitions.js';

/** A step of an item, with the amount of the item, minor units. */
export type PricedStep = Omit<ItemTransition, 'source'> & { amount: bigint };

export interface Recording {
  action: 'chunk.intend' | 'chunk.settle';
  source: TransitionSource;
  /** Steps of items whose chunks this transaction has locked, one an item. */
  steps: readonly PricedStep[];
  lookUp: LookUpDelays;
}

/** For steps to states that nobody looks up. */
export const NEVER: LookUpDelays = { unknownMs: 0, submittedMs: 0 };

/**
 * Writes the steps of items of one batch with all that follows from them: one block of transitions and one audit event for each chunk, and,
 * by the database itself, hold, transfers and counters (R8, R16). Returns the sum that suspense covered, minor units, and how many items of the batch are open. `between` runs before
 * the audit events: it raises and ends exceptions, whose locks come before those of the log (R8).
 */
export const recordSteps = async (
  ctx: Context,
  stores: Stores,
  batch: BatchRow,
  { action, source, steps, lookUp }: Recording,
  between: (covered: bigint) => Promise<void> = async () => {},
): Promise<{ covered: bigint; open: number }> => {
  const { sha256 } = ctx.services;
  const blocks = [...byChunk(steps, batch.chunkSize)].map(([chunk, own]) => {
    const inOrder = own.map((step) => ({ ...step, source }));
    return { chunk, own, eventId: stores.audit.newId(), body: transitionBlock({ source, chunk }, inOrder) };
  });
  const { covered, open } = await stores.chunks.moveItems(batch.id, blocks, lookUp);
  await between(covered);
  // Sent together, in the order of the chunks, which is the order of the locks of their log.
  await Promise.all(
    blocks.map(({ chunk, own, eventId, body }) =>
      stores.audit.append({
        id: eventId,
        subject: { type: 'chunk', id: `${batch.id}/${chunk}` },
        action,
        result: 'ok',
        detail: { chunk, source, transitions: summaryOf(own), transitions_sha256: blockHash(sha256, body) },
      }),
    ),
  );
  return { covered, open };
};

const byChunk = (steps: readonly PricedStep[], chunkSize: number): Map<number, PricedStep[]> => {
  const chunks = new Map<number, PricedStep[]>();
  for (const step of [...steps].sort((a, b) => a.ordinal - b.ordinal)) {
    const chunk = chunkOf(step.ordinal, chunkSize);
    const own = chunks.get(chunk);
    if (own) own.push(step);
    else chunks.set(chunk, [step]);
  }
  return chunks;
};

/** `{"submitting>paid": {"count": 1024, "amount": "51200"}}`: counts and sums in minor units. */
const summaryOf = (steps: readonly PricedStep[]): { [edge: string]: { count: number; amount: string } } => {
  const sums = new Map<ItemState, Map<ItemState, { count: number; amount: bigint }>>();
  for (const { from, to, amount } of steps) {
    const ends = sums.get(from) ?? new Map<ItemState, { count: number; amount: bigint }>();
    const sum = ends.get(to) ?? { count: 0, amount: 0n };
    sum.count += 1;
    sum.amount += amount;
    sums.set(from, ends.set(to, sum));
  }
  return Object.fromEntries(
    [...sums].flatMap(([from, ends]) => [...ends].map(([to, { count, amount }]) => [`${from}>${to}`, { count, amount: amount.toString() }])),
  );
};
