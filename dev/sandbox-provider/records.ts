/** The lines of the journal. The provider's books are the result of applying them in order. */

/** The status in the books. `declined` is `failed` on the wire: the payment was never accepted, but its key stays known. */
export const BOOK_STATUSES = ['accepted', 'paid', 'failed', 'returned', 'declined'] as const;
export type BookStatus = (typeof BOOK_STATUSES)[number];

/** A coming state of a payment: when (ms on the provider's clock) and why. The n-th step makes version n + 1. */
export type Step = [status: 'paid' | 'failed' | 'returned', dueAt: number, reason: string | null];

export type AcceptedPayment = [
  key: string,
  amount: number,
  currency: string,
  fingerprint: string,
  status: BookStatus,
  reason: string | null,
  steps: Step[] | null,
  /** Until when (ms on the provider's clock) lookups do not answer about it. */
  silentUntil?: number,
];

export type Move = [index: number, status: BookStatus, version: number, reason: string | null];

export type JournalRecord =
  /** The first line: a name for the books, so that two sets of books never return the same ids. */
  | ['opened', name: string]
  /** The payments of one request. All of them are in the books, or none (an incomplete line, which was never answered). */
  | ['accepted', at: number, payments: AcceptedPayment[]]
  /** Payments that changed together, which is also one webhook event. */
  | ['moved', event: string, at: number, moves: Move[]]
  | ['delivered', event: string]
  /** Keys that are never accepted. */
  | ['fenced', at: number, keys: string[]]
  /** Offset of the provider's clock from real time, ms. */
  | ['clock', offsetMs: number]
  | ['webhook_url', url: string];
