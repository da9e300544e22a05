import type { OpenConnection, Payment, Rail } from '../../../operations/rail.js';

/** What a provider is told to do with every call from now on. */
export type Mishap =
  | 'error_before_accept'
  | 'reset_before_accept'
  | 'timeout_after_accept'
  | 'error_after_accept'
  | 'reset_after_accept'
  | 'malformed_answer'
  | 'rate_limited'
  /** Takes payments in, and answers after minutes. */
  | 'hesitates'
  | 'lookup_unavailable'
  | 'fence_unavailable'
  /** Fences, and its answer is lost. */
  | 'fence_unanswered'
  | 'list_unavailable'
  | 'none';

/** What becomes of one payment. */
export type Fate = 'paid' | 'declined' | 'failed_later' | 'returned_later' | 'limited_once';

export interface InboundDelivery {
  raw: Uint8Array;
  headers: Record<string, string | undefined>;
}

/** A rail with a provider to try it on. Each new rail writes one of these, and runs the kit with it. */
export interface RailUnderTest {
  rail: Rail;
  /** A connection whose credentials are right, for each way that the rail sends. */
  connection(settings: Record<string, string | number>): OpenConnection;
  /** A connection to a port where nobody listens. */
  unreachable(): OpenConnection;
  /** A payment under a key that was never used. */
  payment(fate: Fate): Payment;
  misbehave(mishap: Mishap): Promise<void>;
  /** How often the provider took in a payment under each of these keys, by its own books. */
  acceptances(keys: readonly string[]): Promise<number[]>;
  /** Lets everything settle and return that was sent asynchronously; every delivery about it, twice and in disorder. */
  settle(): Promise<InboundDelivery[]>;
  /** Settings by which payments are accepted first, and settle later. */
  asynchronous: Record<string, string | number>;
  /** The most payments that one connection has under way, where each has a call of its own. */
  callsAtOnce: number;
}
