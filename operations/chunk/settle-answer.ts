import type { PaymentOutcome } from '../../domain/item/evidence.js';
import type { Context } from '../context.js';
import { settleEvidence } from '../settlement/settle.js';
import { isAnswered, providerBack, providerSilent } from './provider-health.js';
import type { Dispatch } from './send.js';

/**
 * Settles what a dispatch was answered, and notes whether its provider answers at all. `unavailable`: nothing more may be sent on its
 * connection for now. `parked`: evidence of the workspace waits for its item (`reduceParked`).
 */
export const settleAnswer = async (
  ctx: Context,
  batchId: string,
  { dispatch, ailing }: { dispatch: Dispatch; ailing: boolean },
  outcomes: readonly PaymentOutcome[],
): Promise<{ unavailable: boolean; parked: boolean }> => {
  const sentOn = { batchId, connectionId: dispatch.connection.id, payments: outcomes.length };
  const { parked } = await settleEvidence(ctx, { batchId, connectionId: sentOn.connectionId, source: 'answer', outcomes });
  if (!isAnswered(outcomes)) return { unavailable: await providerSilent(ctx, sentOn), parked };
  if (ailing) await providerBack(ctx, sentOn);
  return { unavailable: false, parked };
};
