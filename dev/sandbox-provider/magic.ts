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
  /** In the books, but no request is answered, no event is sent, and lookups do not answer for this long. */
  | { kind: 'silent'; ms: number }
  | { kind: 'slow'; ms: number };

/** One fate: how a destination asks for it, how the provider behaves, and both in words for docs/sandbox.md. */
export interface Fate {
  /** Of an account token. */
  prefix: string;
  /** The last four digits of an IBAN or account number. */
  digits: string;
  behaviour: Behaviour;
  /** What the provider does. */
  provider: string;
  /** What Sluice makes of it. */
  sluice: string;
}

/** Every fate that a destination can ask for. `npm run docs` prints them. */
export const MAGIC: readonly Fate[] = [
  {
    prefix: 'declined_',
    digits: '9901',
    behaviour: { kind: 'declined', reason: 'account_closed' },
    provider: 'declines it with `account_closed`',
    sluice: '`failed` at once',
  },
  {
    prefix: 'fails_',
    digits: '9902',
    behaviour: { kind: 'fails', reason: 'account_not_found' },
    provider: 'accepts it, then fails it with `account_not_found`',
    sluice: '`submitted`, then `failed` by webhook',
  },
  {
    prefix: 'returned_',
    digits: '9903',
    behaviour: { kind: 'returned', when: 'days_later', reason: 'returned_by_bank' },
    provider: 'pays it, and returns it three days later on its own clock',
    sluice: '`paid`, then `returned`',
  },
  {
    prefix: 'bounced_',
    digits: '9904',
    behaviour: { kind: 'returned', when: 'at_once', reason: 'returned_by_bank' },
    provider: 'pays it, and returns it as soon as it settled',
    sluice: '`paid`, then `returned` within a second',
  },
  {
    prefix: 'lookup_',
    digits: '9905',
    behaviour: { kind: 'lookup_only' },
    provider: 'pays it; only lookups are answered',
    sluice: '`unknown`, then `paid` by webhook or lookup',
  },
  {
    prefix: 'timeout_',
    digits: '9906',
    behaviour: { kind: 'first_request', fault: 'timeout_after_accept' },
    provider: 'accepts it; its first request is never answered',
    sluice: '`unknown`, then `paid`',
  },
  {
    prefix: 'refused_',
    digits: '9907',
    behaviour: { kind: 'first_request', fault: 'error_before_accept' },
    provider: 'answers the first request with 503, without it',
    sluice: '`unknown`, found absent, sent again, `paid`',
  },
  {
    prefix: 'broken_',
    digits: '9908',
    behaviour: { kind: 'first_request', fault: 'error_after_accept' },
    provider: 'accepts it; its first request gets 500',
    sluice: '`unknown`, then `paid`',
  },
  {
    prefix: 'reset_',
    digits: '9909',
    behaviour: { kind: 'first_request', fault: 'reset_after_accept' },
    provider: 'accepts it; its first connection is reset',
    sluice: '`unknown`, then `paid`',
  },
  {
    prefix: 'limited_',
    digits: '9910',
    behaviour: { kind: 'first_request', fault: 'rate_limited' },
    provider: 'answers the first request with 429, without it',
    sluice: 'sent again, at once or like `refused_`',
  },
  {
    prefix: 'garbled_',
    digits: '9911',
    behaviour: { kind: 'first_request', fault: 'malformed_answer' },
    provider: 'accepts it; its first answer is no JSON',
    sluice: '`unknown`, then `paid`',
  },
  {
    prefix: 'slow_',
    digits: '9912',
    behaviour: { kind: 'slow', ms: 1000 },
    provider: 'accepts it; each answer takes a second',
    sluice: '`paid`, a second later',
  },
  {
    prefix: 'silent_',
    digits: '9913',
    behaviour: { kind: 'silent', ms: 20_000 },
    provider: 'pays it; no answer or webhook; lookups after 20 s',
    sluice: '`unknown`; after 20 s `paid` by lookup',
  },
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
