import type { Books } from './books.js';
import type { BookEntry } from './columns.js';
import type { Faults } from './faults.js';
import { fingerprintOf } from './fingerprint.js';
import type { Behaviour } from './magic.js';
import type { AcceptedPayment, Step } from './records.js';
import type { PaymentBody, SettlementMode } from './wire.js';

export interface Incoming {
  key: string;
  body: PaymentBody;
  behaviour: Behaviour | null;
}

/** What became of one payment of a request. */
export type Taken = { kind: 'new' | 'replayed'; entry: BookEntry } | { kind: 'mismatch'; key: string } | { kind: 'fenced'; key: string };

export interface TakeInOptions {
  settlement: SettlementMode;
  settleMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** When a bank sends money back, on the provider's clock. */
const RETURN_MS = 3 * DAY_MS;

/**
 * Adds payments to the books, all in one journal line. A known key with the same content is a replay, with other content a mismatch;
 * a fenced key is refused. None of
 * these changes the books. The caller waits for `books.durable()` before it answers.
 */
export const takeIn = (books: Books, faults: Faults, payments: readonly Incoming[], options: TakeInOptions): Taken[] => {
  const now = books.now();
  const fresh = new Map<string, AcceptedPayment>();
  const verdicts = payments.map(({ key, body, behaviour }) => {
    if (books.fenced.has(key)) return 'fenced';
    const fingerprint = fingerprintOf(body);
    const index = books.payments.find(key);
    const known = index === undefined ? fresh.get(key)?.[3] : books.payments.fingerprint(index);
    if (known !== undefined && known !== fingerprint) return 'mismatch';
    if (known !== undefined && !faults.hits('key_forgotten', key)) return 'replayed';
    fresh.set(key, plan(key, body, fingerprint, behaviour, faults, options, now));
    return 'new';
  });
  if (fresh.size > 0) books.commit(['accepted', now, [...fresh.values()]]);
  return payments.map(({ key }, i): Taken => {
    const verdict = verdicts[i];
    const index = books.payments.find(key);
    if (verdict === 'fenced') return { kind: 'fenced', key };
    if (index === undefined || verdict === 'mismatch') return { kind: 'mismatch', key };
    return { kind: verdict === 'new' ? 'new' : 'replayed', entry: books.payments.read(index) };
  });
};

/** First state and later steps of a new payment, from its destination, the faults and the settlement mode. */
const plan = (
  key: string,
  body: PaymentBody,
  fingerprint: string,
  behaviour: Behaviour | null,
  faults: Faults,
  options: TakeInOptions,
  now: number,
): AcceptedPayment => {
  const accepted = (status: 'accepted' | 'paid', steps: Step[] | null): AcceptedPayment => {
    return [key, body.amount, body.currency, fingerprint, status, null, steps];
  };
  if (behaviour?.kind === 'declined' || faults.hits('decline', key)) {
    const reason = behaviour?.kind === 'declined' ? behaviour.reason : 'account_closed';
    return [key, body.amount, body.currency, fingerprint, 'declined', reason, null];
  }
  // Paid at once, whatever the settlement mode: a change later on would be an event, which tells of it.
  if (behaviour?.kind === 'silent') return [key, body.amount, body.currency, fingerprint, 'paid', null, null, now + behaviour.ms];
  const settledAt = now + options.settleMs;
  if (behaviour?.kind === 'fails' || faults.hits('fail_after_accept', key)) {
    return accepted('accepted', [['failed', settledAt, behaviour?.kind === 'fails' ? behaviour.reason : 'account_not_found']]);
  }
  const steps: Step[] = options.settlement === 'async' ? [['paid', settledAt, null]] : [];
  if (behaviour?.kind === 'returned') {
    steps.push(['returned', behaviour.when === 'at_once' ? settledAt : settledAt + RETURN_MS, behaviour.reason]);
  } else if (faults.hits('return_after_settlement', key)) {
    steps.push(['returned', settledAt + RETURN_MS, 'returned_by_bank']);
  }
  return accepted(options.settlement === 'async' ? 'accepted' : 'paid', steps.length > 0 ? steps : null);
};
