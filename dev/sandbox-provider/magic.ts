import type { RequestFault } from './faults.js';
import type { PaymentBody } from './wire.js';

/** How a payment behaves because of its destination. */
export type Behaviour =
  | { kind: 'declined'; reason: string }
  | { kind: 'fails'; reason: string }
  /** Paid, then returned: three days later on the provider's clock, or as soon as it settles. */
  | { kind: 'returned'; when: 'days_later' | 'at_once'; reason: string }
  /** The first request with this payment fails like this; later ones do not. */
  | { kind: 'first_request'; fault: RequestFault }
  /** In the books, but no request is ever answered; only a lookup finds it. */
  | { kind: 'lookup_only' }
  | { kind: 'slow'; ms: number };

/** Prefix of an account token, or last four digits of an IBAN or account number. The README prints this table. */
export const MAGIC: readonly { prefix: string; digits: string; behaviour: Behaviour }[] = [
  { prefix: 'declined_', digits: '9901', behaviour: { kind: 'declined', reason: 'account_closed' } },
  { prefix: 'fails_', digits: '9902', behaviour: { kind: 'fails', reason: 'account_not_found' } },
  { prefix: 'returned_', digits: '9903', behaviour: { kind: 'returned', when: 'days_later', reason: 'returned_by_bank' } },
  { prefix: 'bounced_', digits: '9904', behaviour: { kind: 'returned', when: 'at_once', reason: 'returned_by_bank' } },
  { prefix: 'lookup_', digits: '9905', behaviour: { kind: 'lookup_only' } },
  { prefix: 'timeout_', digits: '9906', behaviour: { kind: 'first_request', fault: 'timeout_after_accept' } },
  { prefix: 'refused_', digits: '9907', behaviour: { kind: 'first_request', fault: 'error_before_accept' } },
  { prefix: 'broken_', digits: '9908', behaviour: { kind: 'first_request', fault: 'error_after_accept' } },
  { prefix: 'reset_', digits: '9909', behaviour: { kind: 'first_request', fault: 'reset_after_accept' } },
  { prefix: 'limited_', digits: '9910', behaviour: { kind: 'first_request', fault: 'rate_limited' } },
  { prefix: 'garbled_', digits: '9911', behaviour: { kind: 'first_request', fault: 'malformed_answer' } },
  { prefix: 'slow_', digits: '9912', behaviour: { kind: 'slow', ms: 1000 } },
];

const byDigits = new Map(MAGIC.map(({ digits, behaviour }) => [digits, behaviour]));
const byPrefix = new Map(MAGIC.map(({ prefix, behaviour }) => [prefix, behaviour]));

export const behaviourOf = (destination: PaymentBody['destination']): Behaviour | null => {
  if (destination.kind === 'account_token') {
    const token = destination.account_token;
    return byPrefix.get(token.slice(0, token.indexOf('_') + 1)) ?? null;
  }
  const number = destination.kind === 'iban' ? destination.iban : destination.account_number;
  return byDigits.get(number.slice(-4)) ?? null;
};
