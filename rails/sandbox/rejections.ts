import { type PaymentOutcome, unknownOutcome } from '../../domain/item/evidence.js';
import type { Sending } from '../../operations/ports.js';

/**
 * The answers that say for certain that a payment was not and will not be made: the provider's documented declines. All
 * else, a 4xx that is not in this table included, leaves the payment unknown (R4).
 */
const DEFINITIVE_REJECTIONS: ReadonlySet<string> = new Set([
  'account_closed',
  'account_not_found',
  'amount_out_of_range',
  'currency_not_supported',
  'invalid_destination',
  'payee_blocked',
]);

/** A decline is the first and last version of its payment at the provider. */
const DECLINE_RANK = 1;

/**
 * The outcome of a payment that was answered with an error. Only a first send can fail by it: on a re-send the earlier
 * one may have been taken in, whatever this answer says.
 */
export const outcomeOfError = (key: string, code: string, kind: Sending['kind']): PaymentOutcome => {
  if (kind === 'resend' || !DEFINITIVE_REJECTIONS.has(code)) return unknownOutcome(key, code);
  return { key, outcome: 'failed', rank: DECLINE_RANK, providerReference: null, reason: code, amount: null, currency: null };
};
