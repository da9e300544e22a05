import type { SentTo } from '../domain/destination.js';
import type { PaymentOutcome } from '../domain/item/evidence.js';

/** One payment as a rail gets it. */
export interface Payment {
  /** The item id, which is also the idempotency key at the provider. */
  key: string;
  /** Minor units. */
  amount: bigint;
  currency: string;
  reference: string;
  remittance: string;
  to: SentTo;
}

/**
 * What a provider answers about one key. `absent_final`: it never took the payment and never will (R5). `absent_so_far`: it may
 * still take it. `unavailable`: no answer.
 */
export interface PaymentLookup {
  key: string;
  answer: { kind: 'found'; outcome: PaymentOutcome } | { kind: 'absent_final' } | { kind: 'absent_so_far' } | { kind: 'unavailable' };
}

/** One page of what a provider has. `unavailable`: no answer, so nothing is known. */
export type PaymentList = { outcomes: PaymentOutcome[]; next: string | null } | { unavailable: true };

/** A rail connection with its credentials opened, for one use. */
export interface OpenConnection {
  id: string;
  rail: string;
  settings: Record<string, string | number>;
  credentials: { apiKey: string; webhookSecret: string };
}

/** What a rail prepares from payments. It is immutable and hashed, and `send` sends exactly this (R20). */
export interface Artefact {
  rendererVersion: number;
  /** SHA-256 over the canonical bytes that would be sent. */
  hash: Uint8Array;
  payments: readonly RenderedPayment[];
}

export interface RenderedPayment {
  key: string;
  /** The exact body of this payment. A re-send under the same key must have the same bytes (R4). */
  body: string;
}

/** What a rail can do. Times are in ms. */
export interface RailCapabilities {
  /** Payments in one artefact, which is the chunk size of a batch on this rail. A power of two. */
  chunkSize: number;
  currencies: readonly string[] | 'any';
  destinations: readonly SentTo['destination']['kind'][];
  reference: { maxLength: number; characters: RegExp; describe: string };
  /**
   * What is sent again as one, with the bytes that it had. `item`: each payment by itself, whatever else was in its artefact. `chunk`: a
   * whole artefact or nothing of it. `batch`: the same, and one artefact holds a whole batch, so that no batch is larger than `chunkSize`.
   */
  unit: 'item' | 'chunk' | 'batch';
  /**
   * How long the provider honours an idempotency key for certain, from the first moment at which it may have seen it. State less than
   * the provider promises when its clock may differ. What Sluice sends under a key, it has taken in by then: a re-send is refused when its
   * lease (which outlasts two time-outs) and the acceptance window would end later (`keyOutlasts`).
   */
  keyTtlMs: number;
  /** How long after a send the provider may still take the payment in. An earlier `absent` answer proves nothing (R5). */
  acceptanceWindowMs: number;
  /** HTTP timeout of one call. A lease must be longer. */
  timeoutMs: number;
  /** An accepted payment without evidence of its settlement is looked up after this time. */
  settlementMs: number;
  /** A payment that the provider took in and has not ended after this time, from the end of its last dispatch's lease, is for people to look at. */
  overdueMs: number;
}

/** The port that an adapter in `rails/` implements (docs/rails.md). */
export interface Rail {
  name: string;
  capabilities(connection: { settings: Record<string, string | number> }): RailCapabilities;
  /** A pure function: the same payments and renderer version give the same bytes. */
  prepare(payments: readonly Payment[], rendererVersion?: number): Artefact;
  /** Sends each payment once. It never throws for a fault of network or provider: an outcome that is not known is `unknown`. */
  send(connection: OpenConnection, artefact: Artefact, sending: Sending): Promise<PaymentOutcome[]>;
  /**
   * Asks the provider about each key. `silentMs` says for how long nothing of a key can have left, by the database's clock at the time of the
   * question: negative while a lease runs, and absent when it is not known.
   */
  lookup(connection: OpenConnection, keys: readonly string[], silentMs: ReadonlyMap<string, number>): Promise<PaymentLookup[]>;
  /**
   * Tells the provider never to accept these keys; absent where a provider has no such call. `fenced`: it has not taken the payment and never
   * will. `exists`: it has it already. `unavailable`: no answer.
   */
  fence?(connection: OpenConnection, keys: readonly string[]): Promise<{ key: string; answer: 'fenced' | 'exists' | 'unavailable' }[]>;
  /**
   * Payments that the provider took in or changed since a time of its own clock, page by page, each as it is now: for what a restored
   * backup does not know. `after` is the `next` of the page before, null at first. A payment that changes meanwhile may come twice, and
   * payments of others may be among them. A rail whose provider has no such list always answers `unavailable`.
   */
  listSince(connection: OpenConnection, since: Date, after: string | null): Promise<PaymentList>;
  /** Authenticates a webhook over its raw body. Every doubt is a `problem`. */
  verifyInbound(
    connection: OpenConnection,
    raw: Uint8Array,
    headers: Record<string, string | undefined>,
    now: Date,
  ): { eventId: string } | { problem: string };
  /** The evidence in an authenticated delivery. Throws when the body does not have the provider's form. */
  parseEvidence(raw: Uint8Array): PaymentOutcome[];
}

export interface Sending {
  /** `resend`: the payment may have arrived before, so a 4xx is `unknown` and never `failed` (R4). */
  kind: 'first' | 'resend';
  /** Aborts when too little of the lease is left for another call. */
  signal: AbortSignal;
  /** Called with the number of payments sent so far. */
  onProgress: (sent: number) => void;
}

/** Whether a key is honoured until everything that a lease beginning now could send has arrived, or never will (R5). */
export const keyOutlasts = ({ keyTtlMs, acceptanceWindowMs }: RailCapabilities, keyAgeMs: number, leaseMs: number): boolean =>
  keyAgeMs + leaseMs + acceptanceWindowMs < keyTtlMs;

export type Rails = ReadonlyMap<string, Rail>;
