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

/** An immutable version of where a payee is paid. */
export const DESTINATION = columns({
  id: uuid('id'),
  payeeId: uuid('payee_id'),
  version: int('version'),
  kind: oneOf<'iban' | 'us_bank' | 'account_token'>()('kind'),
  /** Canonical JSON of `{salt, sent_to}`, encrypted under the payee's subject key. */
  sealed: bytes('sealed'),
  /** HMAC under the tenant's fingerprint key. It finds equal destinations; nothing signs it. */
  fingerprint: bytes('fingerprint'),
  masked: text('masked'),
  commitment: bytes('commitment'),
  /** The person who added it; null when a key did. */
  createdBy: nullable(uuid('created_by')),
});
export type DestinationRow = Row<typeof DESTINATION>;

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
  /** Holds a payee, or lets it go. */
  setHeld(id: string, held: boolean): Promise<void>;
  /** Returns the references that were written; one that somebody else took meanwhile is absent (read it again). */
  insert(payees: readonly Omit<PayeeRow, 'createdAt' | 'heldAt'>[]): Promise<Set<string>>;
  /** Returns the ids that were written; a version that somebody else took meanwhile is absent (read it again). */
  insertDestinations(rows: readonly DestinationRow[]): Promise<Set<string>>;
}
