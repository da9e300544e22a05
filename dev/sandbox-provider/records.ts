/** Lines of the journal: the provider's books are the fold of these, at start as in operation. */

/** As the books know it. `declined` shows as `failed` on the wire: it was never accepted, but its key is remembered. */
export const BOOK_STATUSES = ['accepted', 'paid', 'failed', 'returned', 'declined'] as const;
export type BookStatus = (typeof BOOK_STATUSES)[number];

/** A state that a payment will take: when (ms on the provider's clock) and why. The n-th step makes version n + 1. */
export type Step = [status: 'paid' | 'failed' | 'returned', dueAt: number, reason: string | null];

export type AcceptedPayment = [
  key: string,
  amount: number,
  currency: string,
  fingerprint: string,
  status: BookStatus,
  reason: string | null,
  steps: Step[] | null,
];

export type Move = [index: number, status: BookStatus, version: number, reason: string | null];

export type JournalRecord =
  /** First line: names the books, so that two sets of books never give the same ids. */
  | ['opened', name: string]
  /** The payments of one request: all of them are in the books, or (torn line, never answered) none. */
  | ['accepted', at: number, payments: AcceptedPayment[]]
  /** Payments that changed together: this is a webhook event as well. */
  | ['moved', event: string, at: number, moves: Move[]]
  | ['delivered', event: string]
  /** Offset of the provider's clock from real time, ms. */
  | ['clock', offsetMs: number]
  | ['webhook_url', url: string];
