import type { DoneBy } from '../../domain/actors.js';
import { bytes, columns, int, nullable, oneOf, type Row, text, time, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';

export const PAYEE = columns({
  id: uuid('id'),
  /** The caller's own name for it, unique in the workspace. */
  reference: text('reference'),
  payeeType: oneOf<'individual' | 'company'>()('payee_type'),
  country: text('country'),
  sealedName: bytes('sealed_name'),
  heldAt: nullable(time('held_at')),
  createdAt: time('created_at'),
});
export type PayeeRow = Row<typeof PAYEE>;
export type NewPayee = Pick<PayeeRow, 'id' | 'reference' | 'payeeType' | 'country' | 'sealedName'>;

/** An immutable version of where a payee is paid. */
export const DESTINATION = columns({
  id: uuid('id'),
  payeeId: uuid('payee_id'),
  version: int('version'),
  kind: oneOf<'iban' | 'us_bank' | 'account_token'>()('kind'),
  /** Canonical JSON of `{salt, sent_to}`, encrypted under the payee's subject key. */
  sealed: bytes('sealed'),
  /** HMACs under the tenant's fingerprint key, 16 bytes each: of the account, of the whole version, of name, type and country. Nothing signs them. */
  fingerprint: bytes('fingerprint'),
  masked: text('masked'),
  commitment: bytes('commitment'),
  /** The person who added it or whose key did; null when the system did. */
  createdBy: nullable(uuid('created_by')),
});
export type DestinationRow = Row<typeof DESTINATION>;

/** A version that is not stored yet, with the API key that it came with. */
export interface NewDestination extends DestinationRow {
  createdByKey: string | null;
}

/** Who held a payee and why. */
export const HOLD_OF_PAYEE = columns({
  payeeId: uuid('payee_id'),
  heldAt: time('held_at'),
  personId: nullable(uuid('person_id')),
  apiKeyId: nullable(uuid('api_key_id')),
  reason: text('reason'),
});
export type PayeeHold = Row<typeof HOLD_OF_PAYEE>;

/** A payee with its newest destination. */
interface KnownPayee {
  payee: PayeeRow;
  destination: DestinationRow | null;
}

/** A destination version as a payment refers to it, without what is sealed. */
export type DestinationToPay = Pick<DestinationRow, 'id' | 'payeeId' | 'version' | 'kind' | 'fingerprint' | 'commitment'>;

/** What a new payment needs of a payee. */
export interface PayeeToPay extends Pick<PayeeRow, 'id' | 'reference' | 'payeeType' | 'country'> {
  /** False after the person was deleted: nothing of the payee opens any more. */
  hasKey: boolean;
  /** Null when there is none, or when it was not asked for. */
  newest: DestinationToPay | null;
}

export interface PayeeStore {
  get(id: string): Promise<PayeeRow | null>;
  /** A page of a list, newest first. */
  list(page: PageQuery & { reference?: string | undefined }): Promise<Page<PayeeRow>>;
  /** Known payees by the caller's reference or by id, with their newest destination or without. One statement for any number. */
  toPay(key: 'reference' | 'id', values: readonly string[], withNewest: boolean): Promise<PayeeToPay[]>;
  /** Known payees by id. Two statements for any number. */
  byIds(ids: readonly string[]): Promise<Map<string, KnownPayee>>;
  /** Destinations by id, of any version. */
  destinations(ids: readonly string[]): Promise<Map<string, DestinationRow>>;
  /** Holds a payee. */
  hold(id: string, by: DoneBy, reason: string): Promise<void>;
  /** The present holds of these payees, by payee. One statement for any number. */
  holds(payees: readonly Pick<PayeeRow, 'id' | 'heldAt'>[]): Promise<Map<string, PayeeHold>>;
  /** Whether money of the payee has left or is on its way: an item was paid, or is open in a batch that executes. */
  isPaid(id: string): Promise<boolean>;
  /** Corrects what is kept of a payee itself. What is sent is in the destinations. */
  correct(id: string, to: Pick<PayeeRow, 'payeeType' | 'country' | 'sealedName'>): Promise<void>;
  /** The payee, locked until the transaction ends, so that corrections come one after the other. */
  lock(id: string): Promise<PayeeRow | null>;
  /** Lets a held payee go. */
  release(id: string): Promise<void>;
  /** Returns the references that were written; one that somebody else took meanwhile is absent (read it again). */
  insert(payees: readonly NewPayee[]): Promise<Set<string>>;
  /** Returns the ids that were written; a version that somebody else took meanwhile is absent (read it again). */
  insertDestinations(rows: readonly NewDestination[]): Promise<Set<string>>;
}
