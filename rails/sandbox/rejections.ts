import { type PaymentOutcome, unknownOutcome } from '../../domain/item/evidence.js';
import type { Sending } from '../../operations/rail.js';

/**
 * The answers that say for certain that a payment was not made and will not be made, as the provider documents them. Every other
 * answer leaves the payment unknown, also a 4xx that is not in this table (R4).
 */
const DEFINITIVE_REJECTIONS: ReadonlySet<string> = new Set([
  'account_closed',
  'account_not_found',
  'amount_out_of_range',
  'currency_not_supported',
  'invalid_destination',
  'payee_blocked',
]);

/** A rejection is the first and last version of its payment at the provider. */
const REJECTION_RANK = 1;

/**
 * The outcome of a payment that was answered with an error. It fails a payment only on the first send: before a re-send, the provider
 * may have accepted the earlier one, whatever it answers now (R4).
 */
export const outcomeOfError = (key: string, code: string, kind: Sending['kind']): PaymentOutcome => {
  if (kind === 'resend' || !DEFINITIVE_REJECTIONS.has(code)) return unknownOutcome(key, code);
  return { key, outcome: 'failed', rank: REJECTION_RANK, providerReference: null, reason: code, amount: null, currency: null };
};
