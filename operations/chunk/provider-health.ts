import type { PaymentOutcome } from '../../domain/item/evidence.js';
import type { Context } from '../context.js';
import { endException, raiseException } from '../exception/raise.js';

/** Where a dispatch went: its batch, and the connection that all of its batches share. */
export interface SentOn {
  batchId: string;
  connectionId: string;
  /** How many payments it had. */
  payments: number;
}

/**
 * Notes whether a dispatch was answered at all, and answers whether sending has to stop. `ailing`: the connection did not answer before, so an
 * answer is news.
 */
export const noteAnswer = async (ctx: Context, sentOn: SentOn, outcomes: readonly PaymentOutcome[], ailing: boolean): Promise<boolean> => {
  if (!isAnswered(outcomes)) return providerSilent(ctx, sentOn);
  if (ailing) await providerBack(ctx, sentOn);
  return false;
};

/** Whether the provider has said anything about any of these payments. */
const isAnswered = (outcomes: readonly PaymentOutcome[]): boolean => outcomes.some(({ outcome }) => outcome !== 'unknown');

/**
 * A whole dispatch was not answered. When it was no small one, or the third in a row, nothing more is sent on the connection until a look-up is
 * answered and a pause is over, which doubles with each failure. The batch's exception says so, and ends by itself. Answers whether
 * sending has to stop.
 */
const providerSilent = (ctx: Context, { batchId, connectionId, payments }: SentOn): Promise<boolean> =>
  ctx.inTenant(async (stores) => {
    const { failures, unavailable } = await stores.connectionHealth.unanswered(connectionId, payments);
    if (unavailable) await raiseException(ctx, stores, { kind: 'provider_unavailable', batchId, detail: { connection_id: connectionId, failures } });
    return unavailable;
  });

/** A dispatch was answered again: every batch of the connection may send, and this batch's exception ends. */
const providerBack = (ctx: Context, { batchId, connectionId }: Omit<SentOn, 'payments'>): Promise<void> =>
  ctx.inTenant(async (stores) => {
    await stores.connectionHealth.answered(connectionId);
    await endException(stores, 'provider_unavailable', batchId);
  });
