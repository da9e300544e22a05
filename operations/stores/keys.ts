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
  /** Null once the person was deleted (R21). */
  wrapped: nullable(bytes('wrapped')),
});

/** Wrapped keys of a tenant and of its payees (R21). The vault wraps and unwraps them; the store never sees a key in clear. */
export interface KeyStore {
  /** The newest key of a purpose. */
  tenantKey(purpose: string): Promise<TenantKeyRow | null>;
  tenantKeyAt(purpose: string, version: number): Promise<TenantKeyRow | null>;
  /** False when there is one of this version already: the first writer wins. */
  insertTenantKey(row: TenantKeyRow): Promise<boolean>;
  /** Wrapped keys by subject; deleted ones are absent. */
  subjectKeys(subjectIds: readonly string[]): Promise<Map<string, Uint8Array>>;
  insertSubjectKeys(rows: readonly { subjectId: string; wrapped: Uint8Array }[]): Promise<void>;
}
