import type { Page, PageQuery } from './page.js';

export interface PayeeRow {
  id: string;
  reference: string;
  payeeType: 'individual' | 'company';
  country: string;
  sealedName: Uint8Array;
  heldAt: Date | null;
  createdAt: Date;
}

/** An immutable version of where a payee is paid. */
export interface DestinationRow {
  id: string;
  payeeId: string;
  version: number;
  kind: 'iban' | 'us_bank' | 'account_token';
  /** Sealed under the payee's subject key: canonical JSON of `{salt, sent_to}`. */
  sealed: Uint8Array;
  /** HMAC under the tenant's fingerprint key; matches equal destinations, is signed by nothing. */
  fingerprint: Uint8Array;
  masked: string;
  commitment: Uint8Array;
  createdBy: string | null;
}

export interface PayeeStore {
  get(id: string): Promise<PayeeRow | null>;
  list(page: PageQuery & { reference?: string | undefined }): Promise<Page<PayeeRow>>;
  /** Payees by the caller's reference, each with its newest destination. One statement for any number. */
  byReference(references: readonly string[]): Promise<Map<string, { payee: PayeeRow; destination: DestinationRow | null }>>;
  /** The same by id: known ones only, each with its newest destination. */
  byIds(ids: readonly string[]): Promise<Map<string, { payee: PayeeRow; destination: DestinationRow | null }>>;
  destinationsOf(payeeId: string): Promise<DestinationRow[]>;
  destinations(ids: readonly string[]): Promise<Map<string, DestinationRow>>;
  /** Set-based; a reference taken meanwhile by somebody else is left out of the references that it answers (read it again). */
  insert(payees: readonly Omit<PayeeRow, 'createdAt' | 'heldAt'>[]): Promise<Set<string>>;
  /** Ids that were written; a version taken meanwhile by somebody else is left out (read it again). */
  insertDestinations(rows: readonly DestinationRow[]): Promise<Set<string>>;
  setHeld(id: string, held: 'held' | 'free'): Promise<boolean>;
}
