import { bytes, columns, int, nullable, type Row, text, uuid } from './columns.js';

export const TENANT_KEY = columns({
  purpose: text('purpose'),
  version: int('version'),
  wrapped: bytes('wrapped'),
  /** The id of the root key that it is wrapped under. */
  rootKey: text('root_key'),
});
export type TenantKeyRow = Row<typeof TENANT_KEY>;

export const SUBJECT_KEY = columns({
  /** The payee. */
  subjectId: uuid('subject_id'),
  /** The secret that the payee's key is derived with, or a wrapped key of a released version. Null once the person was deleted (R21). */
  stored: nullable(bytes('wrapped')),
});

/** Wrapped keys of a tenant, and what the keys of its payees are derived with (R21). The store never sees a key in clear. */
export interface KeyStore {
  /** The newest key of a purpose. */
  tenantKey(purpose: string): Promise<TenantKeyRow | null>;
  tenantKeyAt(purpose: string, version: number): Promise<TenantKeyRow | null>;
  /** False when there is one of this version already: the first writer wins. */
  insertTenantKey(row: TenantKeyRow): Promise<boolean>;
  /** What is stored of the keys of payees, by subject; deleted ones are absent. */
  subjectKeys(subjectIds: readonly string[]): Promise<Map<string, Uint8Array>>;
  insertSubjectKeys(rows: readonly { subjectId: string; stored: Uint8Array }[]): Promise<void>;
}
