import type { RepeatedPayment, Repeats } from '../../domain/batch/repeats.js';
import { bigint, columns, int, json, nullable, type Row, time, uuid } from './columns.js';
import type { ShownFactStore, ShownFacts, ShownRepeat } from './shown-facts.js';

export const FACTS = columns({
  contentVersion: int('content_version'),
  sameFileBatchId: nullable(uuid('same_file_batch_id')),
  repeated: int('repeated'),
  /** The earlier batch that most of them are in. */
  repeatedBatchId: nullable(uuid('repeated_batch_id')),
  /** Items that equal an earlier one of the same batch. */
  repeatedWithin: int('repeated_within'),
  /** Payees that were never paid before. */
  newPayees: int('new_payees'),
  firstSeenPayees: int('first_seen_payees'),
  changed: int('changed'),
  /** Versions whose name, type or country are not those that the payee was paid with last. */
  changedPayees: int('changed_payees'),
  unusual: int('unusual'),
  usualTotal: nullable(bigint('usual_total')),
  foreignAccounts: int('foreign_accounts'),
  sharedAccounts: int('shared_accounts'),
  shown: json<ShownFacts>()('shown'),
  sealedAt: time('sealed_at'),
});
export type FactsRow = Row<typeof FACTS>;

/** Facts, and the first hundred payments that repeat one of an earlier batch, in the order of their ordinals: a refusal lists them. */
export type SealedFacts = FactsRow & { firstRepeats: ShownRepeat[] };

/** What a batch shows of its facts. */
export const SHOWN_FACTS = [
  'sameFileBatchId',
  'repeated',
  'repeatedWithin',
  'changed',
  'changedPayees',
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

/** Which of the asked payments earlier batches have already: the first hundred, with their places among those that were asked about. */
export type FoundRepeats = Repeats & { first: (RepeatedPayment & { place: number })[] };

/** For a transaction that may seal a million items: on a busy machine the usual time is too short. */
export const SEALING = { timeoutMs: 10 * 60_000 };

export interface FactStore extends ShownFactStore {
  /**
   * Computes the facts of a content version from its items, then takes a lock, compares them with what was sealed meanwhile and stores
   * them. Until the transaction ends no other batch of the workspace is sealed, so of two equal ones the second sees the first.
   */
  seal(batchId: string, contentVersion: number): Promise<SealedFacts>;
  /** Null for a content version of before facts were sealed. */
  get(batchId: string, contentVersion: number): Promise<FactsRow | null>;
  /** The newest batch of this file that is paid or may still be. */
  sameFile(sha256: Uint8Array): Promise<string | null>;
  /** Which of these payments are paid or open in batches of the last 90 days. Null when none is. */
  repeatsOf(payments: readonly AskedPayment[], currency: string): Promise<FoundRepeats | null>;
}
