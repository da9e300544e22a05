import type { BatchState } from './states.js';

/** How far back earlier payments count, in days: for payments that are repeated, and for what is usual. The database forgets after 97. */
export const FACTS_DAYS = 90;

/** An item above so many times the payee's median is unusual. */
export const UNUSUAL_AMOUNT = 10;

/** A total above so many times the funding account's median batch is unusual. */
export const UNUSUAL_TOTAL = 3;

/** Cases of each kind that a challenge shows one by one. */
export const FACTS_SHOWN = 50;

/** What is counted about one content version when it is sealed. */
export interface FactCounts {
  /** An earlier batch of the same file. */
  sameFileBatchId: string | null;
  /** Items that equal a payment of an earlier batch in payee, amount and reference. */
  repeated: number;
  /** Items that equal an earlier item of the same batch in payee, amount and reference. */
  repeatedWithin: number;
  /** Destinations of paid payees whose account is not the one that was paid last. */
  changed: number;
  /** Destination versions whose name, type or country are not those that the payee was paid with last. */
  changedPayees: number;
  /** Items above ten times the payee's median. */
  unusual: number;
  /** The funding account's median batch, minor units, where the total is above three times of it. */
  usualTotal: bigint | null;
  /** Payees that the workspace got to know on the day of the sealing. */
  firstSeenPayees: number;
  /** Destinations that the payee was not paid at last, in another country than the payee. */
  foreignAccounts: number;
  /** Destinations that the payee was not paid at last, with an account that another payee has. */
  sharedAccounts: number;
}

const WAITING: readonly BatchState[] = ['draft', 'queued', 'approved', 'authorized'];

/** What of the facts people have to look at while they still decide about the batch. */
export const attentionOfFacts = (state: BatchState, facts: FactCounts | null): string[] => {
  if (!facts || !WAITING.includes(state)) return [];
  return [
    ...(facts.changed > 0 ? ['changed_destinations'] : []),
    ...(facts.changedPayees > 0 ? ['changed_payees'] : []),
    ...(facts.sameFileBatchId === null ? [] : ['same_file']),
    ...(facts.repeated > 0 ? ['same_payments'] : []),
    ...(facts.repeatedWithin > 0 ? ['repeated_within'] : []),
    ...(facts.unusual > 0 ? ['unusual_amounts'] : []),
    ...(facts.usualTotal === null ? [] : ['unusual_total']),
    ...(facts.firstSeenPayees > 0 ? ['first_seen_payees'] : []),
    ...(facts.foreignAccounts > 0 ? ['foreign_accounts'] : []),
    ...(facts.sharedAccounts > 0 ? ['shared_accounts'] : []),
  ];
};
