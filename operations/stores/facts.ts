import type { DoneBy } from '../../domain/actors.js';
import { bigint, columns, int, json, nullable, type Row, time, uuid } from './columns.js';

/** Single cases, as ordinals: a changed destination with the one that was paid last, an unusual item with the payee's median. */
export interface ShownFacts {
  changed: [ordinal: number, lastPaidDestinationId: string][];
  unusual: [ordinal: number, median: number][];
  /** An account of another country than the payee. Facts of before have neither of these. */
  foreign?: number[];
  /** An account with another payee who has it. */
  shared?: [ordinal: number, otherPayeeId: string][];
}

export const FACTS = columns({
  contentVersion: int('content_version'),
  sameFileBatchId: nullable(uuid('same_file_batch_id')),
  repeated: int('repeated'),
  /** The earlier batch that most of them are in. */
  repeatedBatchId: nullable(uuid('repeated_batch_id')),
  /** Payees that were never paid before. */
  newPayees: int('new_payees'),
  firstSeenPayees: int('first_seen_payees'),
  changed: int('changed'),
  unusual: int('unusual'),
  usualTotal: nullable(bigint('usual_total')),
  foreignAccounts: int('foreign_accounts'),
  sharedAccounts: int('shared_accounts'),
  shown: json<ShownFacts>()('shown'),
  sealedAt: time('sealed_at'),
});
export type FactsRow = Row<typeof FACTS>;

/** What a batch shows of its facts. */
export const SHOWN_FACTS = [
  'sameFileBatchId',
  'repeated',
  'changed',
  'unusual',
  'usualTotal',
  'firstSeenPayees',
  'foreignAccounts',
  'sharedAccounts',
] as const;

/** A payment that is asked about before its batch is stored. One of both names the payee. */
export interface AskedPayment {
  payeeId: string | null;
  payeeReference: string | null;
  /** Minor units. */
  amount: bigint;
  reference: string;
}

/** How many payments an earlier batch, or several, have already, and the batch that has most of them. */
export interface Repeats {
  count: number;
  batchId: string;
}

/** A destination whose account is not the one that the payee was paid at last, and who added it. */
export interface ChangedDestination {
  payeeReference: string;
  from: string;
  to: string;
  changedBy: DoneBy;
  changedAt: Date;
}

/** A destination that the payee was not paid at last, in another country than the payee. */
export interface ForeignAccount {
  payeeReference: string;
  payeeCountry: string;
  to: string;
}

/** A destination that the payee was not paid at last, and another payee with the same account. */
export interface SharedAccount {
  payeeReference: string;
  to: string;
  otherReference: string;
}

/** Payees of a batch to whom nothing is sent, as of now. */
export interface HeldPayees {
  count: number;
  payments: number;
  /** Minor units. */
  amount: bigint;
  /** Those with the largest amounts. */
  shown: { payeeReference: string; heldAt: Date; heldBy: DoneBy; reason: string | null }[];
}

/** An item above the payee's usual amounts, minor units. */
export interface UnusualItem {
  payeeReference: string;
  amount: bigint;
  median: bigint;
}

/** For a transaction that may seal a million items: on a busy machine the usual time is too short. */
export const SEALING = { timeoutMs: 10 * 60_000 };

export interface FactStore {
  /**
   * Computes the facts of a content version from its items, then takes a lock, compares them with what was sealed meanwhile and stores
   * them. Until the transaction ends no other batch of the workspace is sealed, so of two equal ones the second sees the first.
   */
  seal(batchId: string, contentVersion: number): Promise<FactsRow>;
  /** Null for a content version of before facts were sealed. */
  get(batchId: string, contentVersion: number): Promise<FactsRow | null>;
  /** The newest batch of this file that is paid or may still be. */
  sameFile(sha256: Uint8Array): Promise<string | null>;
  /** Which of these payments are paid or open in batches of the last 90 days. Null when none is. */
  repeatsOf(payments: readonly AskedPayment[], currency: string): Promise<Repeats | null>;
  changedDestinations(batchId: string, shown: ShownFacts['changed']): Promise<ChangedDestination[]>;
  foreignAccounts(batchId: string, shown: readonly number[]): Promise<ForeignAccount[]>;
  sharedAccounts(batchId: string, shown: NonNullable<ShownFacts['shared']>): Promise<SharedAccount[]>;
  /** Looked for anew each time, because payees are held after the facts were sealed. */
  heldPayees(batchId: string): Promise<HeldPayees>;
  unusualItems(batchId: string, shown: ShownFacts['unusual']): Promise<UnusualItem[]>;
}
