import { chunkOf } from '../../domain/batch/content.js';
import { type ExceptionKind, waitingStates } from '../../domain/exceptions.js';
import { fromItemId, toItemId } from '../../domain/ids.js';
import type { PaymentOutcome } from '../../domain/item/evidence.js';
import type { Context } from '../context.js';
import { raiseException } from '../exception/raise.js';
import { openSender } from '../rail-connection/open.js';
import { lockEvidenceItems, settleEvidence } from '../settlement/settle.js';

/** Why an item may never be sent again. */
export type PersonReason = 'key_expired' | 'rendering_changed' | 'payee_deleted' | 'connection_changed' | 'not_sendable';

/**
 * Ends the doubt about items of one chunk that the rail has finally never seen and that may never be sent again. Where the rail can fence
 * a key, it is told never to accept it, and its word fails the item, whose money is given back. Otherwise the item stays `unknown` with
 * exactly its amount held, and an exception asks people to decide. Forbidding to send again never forbids finding out (R5).
 */
export const endDoubt = async (
  ctx: Context,
  { batchId, reason, ordinals }: { batchId: string; reason: PersonReason; ordinals: readonly number[] },
): Promise<void> => {
  const opened = await ctx.inTenant(async (stores) => {
    const batch = await stores.batches.get(batchId);
    if (!batch) throw new Error(`there is no batch ${batchId}`);
    const dispatches = await stores.dispatches.ofChunks(batchId, [chunkOf(ordinals[0] ?? 0, batch.chunkSize)]);
    return openSender(ctx, stores, batch, dispatches.at(-1));
  });
  // Without the settings that they were sent through, another provider would fence keys that it never knew.
  if (!opened?.rail.fence) return askPeople(ctx, { batchId, reason, ordinals });
  const answers = await opened.rail.fence(
    opened.connection,
    ordinals.map((ordinal) => toItemId(batchId, ordinal)),
  );
  const outcomes = answers.flatMap(({ key, answer }) => (answer === 'fenced' ? [neverAccepted(key)] : []));
  if (outcomes.length > 0) await settleEvidence(ctx, { batchId, connectionId: opened.connection.id, source: 'lookup', outcomes });
  // It is told again at the next look-up. Until it has answered, people may end the doubt as well.
  const unheard = answers.flatMap(({ key, answer }) => (answer === 'unavailable' ? (fromItemId(key)?.ordinal ?? []) : []));
  if (unheard.length > 0) await askPeople(ctx, { batchId, reason, ordinals: unheard });
};

/**
 * Asks people about items of which no machine finds out any more. What evidence has settled meanwhile is left out, because nothing would
 * end its exception.
 */
export const askPeople = (
  ctx: Context,
  { batchId, reason, ordinals }: { batchId: string; reason: PersonReason; ordinals: readonly number[] },
): Promise<void> => raiseAbout(ctx, { kind: `unknown_${reason}`, batchId, ordinals });

/** Tells people of items that the provider took in and does not end. The machine goes on asking. */
export const tellOverdue = (ctx: Context, { batchId, ordinals }: { batchId: string; ordinals: readonly number[] }): Promise<void> =>
  raiseAbout(ctx, { kind: 'settlement_overdue', batchId, ordinals });

const raiseAbout = (
  ctx: Context,
  { kind, batchId, ordinals }: { kind: ExceptionKind; batchId: string; ordinals: readonly number[] },
): Promise<void> =>
  ctx.inTenant(async (stores) => {
    const batch = await stores.batches.get(batchId);
    if (!batch) throw new Error(`there is no batch ${batchId}`);
    const items = await lockEvidenceItems(stores, batch, ordinals);
    const waiting = items.filter(({ state }) => waitingStates(kind).includes(state)).map(({ ordinal }) => ordinal);
    if (waiting.length > 0) await raiseException(ctx, stores, { kind, batchId, ordinals: waiting });
  });

/** The provider's word that it has not taken a payment and never will. */
const neverAccepted = (key: string): PaymentOutcome => ({
  key,
  outcome: 'failed',
  rank: 0,
  providerReference: null,
  reason: 'fenced',
  amount: null,
  currency: null,
});
