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
