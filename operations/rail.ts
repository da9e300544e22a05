import type { SentTo } from '../domain/destination.js';
import type { PaymentOutcome } from '../domain/item/evidence.js';

/** One payment as a rail gets it. `key` is the item id: idempotency key at the provider. */
export interface Payment {
  key: string;
  amount: bigint;
  currency: string;
  reference: string;
  remittance: string;
  to: SentTo;
}

export interface PaymentLookup {
  key: string;
  answer: { kind: 'found'; outcome: PaymentOutcome } | { kind: 'absent_final' } | { kind: 'absent_so_far' } | { kind: 'unavailable' };
}

/** A connection with its credentials opened, for one use. */
export interface OpenConnection {
  id: string;
  rail: string;
  settings: Record<string, string | number>;
  credentials: { apiKey: string; webhookSecret: string };
}

/** What a rail prepares: immutable, hashed; `send` sends exactly this (R20). */
export interface Artefact {
  rendererVersion: number;
  /** SHA-256 over the canonical bytes that would be sent. */
  hash: Uint8Array;
  payments: readonly RenderedPayment[];
}

export interface RenderedPayment {
  key: string;
  /** The exact body of this payment; a re-send under the same key must be byte-identical (R4). */
  body: string;
}

export interface RailCapabilities {
  /** Payments in one artefact: chunk size of a batch on this rail (a power of two). */
  chunkSize: number;
  currencies: readonly string[] | 'any';
  destinations: readonly SentTo['destination']['kind'][];
  reference: { maxLength: number; characters: RegExp; describe: string };
  /** How long the provider honours an idempotency key, from the intent. */
  keyTtlMs: number;
  /** Until this long after a send may still be taken in by the provider: absence before is no absence (R5). */
  acceptanceWindowMs: number;
  /** HTTP time-out of one call; leases outlast it. */
  timeoutMs: number;
  /** After this long without a word, an accepted payment is looked up. */
  settlementMs: number;
}

export interface Rail {
  name: string;
  capabilities(connection: { settings: Record<string, string | number> }): RailCapabilities;
  /** Pure: same payments, same renderer version → same bytes. */
  prepare(payments: readonly Payment[], rendererVersion?: number): Artefact;
  /** Sends. Never throws for what a network or provider does: what is not known comes back as `unknown`. */
  send(connection: OpenConnection, artefact: Artefact, sending: Sending): Promise<PaymentOutcome[]>;
  lookup(connection: OpenConnection, keys: readonly string[], sentAt: ReadonlyMap<string, Date>): Promise<PaymentLookup[]>;
  /** Authenticates a webhook over its raw body. Fails closed. */
  verifyInbound(
    connection: OpenConnection,
    raw: Uint8Array,
    headers: Record<string, string | undefined>,
    now: Date,
  ): { eventId: string } | { problem: string };
  /** The evidence inside an authenticated delivery. Throws on what is not of the provider's form. */
  parseEvidence(raw: Uint8Array): PaymentOutcome[];
}

export interface Sending {
  /** `first`, or a re-send of what may have arrived: then any 4xx is unknown, never failed (R4). */
  kind: 'first' | 'resend';
  /** Aborts when the lease can't outlast another call. */
  signal: AbortSignal;
  onProgress: (sent: number) => void;
}

export type Rails = ReadonlyMap<string, Rail>;
