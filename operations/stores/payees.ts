import type { Page, PageQuery } from './access.js';

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

/** Wrapped keys of a tenant and of its payees (R21). The vault wraps and unwraps; this only keeps. */
export interface KeyStore {
  tenantKey(purpose: string): Promise<{ version: number; wrapped: Uint8Array; rootKey: string } | null>;
  tenantKeyAt(purpose: string, version: number): Promise<{ wrapped: Uint8Array; rootKey: string } | null>;
  /** First writer wins; false when there was one already. */
  insertTenantKey(row: { purpose: string; version: number; wrapped: Uint8Array; rootKey: string }): Promise<boolean>;
  /** Wrapped keys of the given subjects; a deleted one is absent. */
  subjectKeys(subjectIds: readonly string[]): Promise<Map<string, Uint8Array>>;
  insertSubjectKeys(rows: readonly { subjectId: string; wrapped: Uint8Array }[]): Promise<void>;
}

export interface ConnectionRow {
  id: string;
  rail: string;
  name: string;
  /** Not secret: base URL, endpoint, settlement mode. */
  settings: Record<string, string | number>;
  /** Sealed credentials: API key and webhook secret. */
  sealed: Uint8Array;
  disabledAt: Date | null;
}

export interface ConnectionStore {
  get(id: string): Promise<ConnectionRow | null>;
  /** The connection a new batch uses when it names only a rail. */
  forRail(rail: string): Promise<ConnectionRow | null>;
}
