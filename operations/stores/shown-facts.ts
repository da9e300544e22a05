import type { DoneBy } from '../../domain/actors.js';
import type { RepeatedPayment } from '../../domain/batch/repeats.js';

/** The first of equal payments that repeat one of an earlier batch, how many they are, and the newest item that they equal. */
export type ShownRepeat = [ordinal: number, times: number, batchId: string, theirOrdinal: number];

/** Single cases, as ordinals: a changed destination with the one that was paid last, an unusual item with the payee's median. */
export interface ShownFacts {
  changed: [ordinal: number, lastPaidDestinationId: string][];
  unusual: [ordinal: number, median: number][];
  /** Another name, type or country than in the version that was paid last. Facts of before have none of these. */
  payees?: [ordinal: number, lastPaidDestinationId: string][];
  /** An account of another country than the payee. Facts of before have none of these. */
  foreign?: number[];
  /** An account with another payee who has it. */
  shared?: [ordinal: number, otherPayeeId: string][];
  /** The first of several equal items, and how many they are. */
  within?: [ordinal: number, times: number][];
  /** The largest that repeat payments of earlier batches. Facts of before have none of these. */
  repeats?: ShownRepeat[];
  /** The earlier batches that have them, and how many each. Facts of before have none of these. */
  earlier?: [batchId: string, count: number][];
}

/** A destination whose account is not the one that the payee was paid at last, and who added it. */
export interface ChangedDestination {
  payeeReference: string;
  from: string;
  to: string;
  changedBy: DoneBy;
  changedAt: Date;
}

/** A version whose name, type or country are not those of the one that was paid last, and who made the first version that is so. */
export interface ChangedPayee {
  payeeId: string;
  payeeReference: string;
  fromDestinationId: string;
  toDestinationId: string;
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

/** A payment that a batch has several times. */
export interface RepeatedItem {
  payeeReference: string;
  /** Minor units, of one of them. */
  amount: bigint;
  reference: string;
  times: number;
}

/** A payment that an earlier batch has already, with what that one is now. */
export interface SamePayment extends RepeatedPayment {
  ordinal: number;
  reference: string;
  times: number;
}

/** An item above the payee's usual amounts, minor units. */
export interface UnusualItem {
  payeeReference: string;
  amount: bigint;
  median: bigint;
}

/** The single cases behind the facts of a batch. */
export interface ShownFactStore {
  changedDestinations(batchId: string, shown: ShownFacts['changed']): Promise<ChangedDestination[]>;
  changedPayees(batchId: string, shown: NonNullable<ShownFacts['payees']>): Promise<ChangedPayee[]>;
  foreignAccounts(batchId: string, shown: readonly number[]): Promise<ForeignAccount[]>;
  samePayments(batchId: string, shown: readonly ShownRepeat[]): Promise<SamePayment[]>;
  repeatedItems(batchId: string, shown: NonNullable<ShownFacts['within']>): Promise<RepeatedItem[]>;
  sharedAccounts(batchId: string, shown: NonNullable<ShownFacts['shared']>): Promise<SharedAccount[]>;
  /** Looked for anew each time, because payees are held after the facts were sealed. */
  heldPayees(batchId: string): Promise<HeldPayees>;
  unusualItems(batchId: string, shown: ShownFacts['unusual']): Promise<UnusualItem[]>;
}
