import type { Permission, Role } from '../../domain/actors.js';

export interface WorkspaceRow {
  tenantId: string;
  organizationId: string;
  name: string;
  mode: 'live' | 'test';
  frozenAt: Date | null;
}

export interface WorkspaceStore {
  get(): Promise<WorkspaceRow>;
  /** Locks the tenant row FOR SHARE, so that a freeze waits for who read it, and who reads sees it (R1). */
  lockShared(): Promise<WorkspaceRow>;
}

export interface MembershipStore {
  /** Null when the person is no active member. */
  roleOf(personId: string): Promise<Role | null>;
  names(personIds: readonly string[]): Promise<Map<string, { name: string; email: string }>>;
}

/** Second factors. People and factors are global; the tenant of the transaction only names where the deed counts. */
export interface FactorStore {
  /** Locks the person's factor row FOR UPDATE; null when there is none. */
  lock(personId: string): Promise<FactorRow | null>;
  /** Compare-and-set: true for exactly one caller a step (I7). Also clears the failure counter. */
  consumeStep(factorId: string, step: number): Promise<boolean>;
  /** Counts a wrong code; at `most` failures locks the factor until now + lockMs and starts over. */
  countFailure(factorId: string, most: number, lockMs: number): Promise<{ failures: number; lockedUntil: Date | null }>;
}

export interface FactorRow {
  id: string;
  personId: string;
  sealed: Uint8Array;
  lastStep: number;
  failures: number;
  lockedUntil: Date | null;
}

export interface SessionStore {
  insert(row: { id: string; tokenHash: Uint8Array; personId: string; expiresAt: Date }): Promise<void>;
  /** Null when this workspace has no such session. */
  get(sessionId: string): Promise<{ personId: string; expiresAt: Date; endedAt: Date | null } | null>;
  /** True when the session was the person's and still open. */
  end(sessionId: string, personId: string): Promise<boolean>;
}

export interface ApiKeyRow {
  id: string;
  name: string;
  prefix: string;
  scopes: Permission[];
  ownerPersonId: string;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

export interface ApiKeyStore {
  insert(row: Omit<ApiKeyRow, 'createdAt' | 'revokedAt'> & { tokenHash: Uint8Array }): Promise<ApiKeyRow>;
  list(page: PageQuery): Promise<Page<ApiKeyRow>>;
  /** The revoked row; null when there is no such key. Revoking twice keeps the first time. */
  revoke(id: string): Promise<ApiKeyRow | null>;
}

/** A page of a list, newest first. `after` is the id of the last row seen. */
export interface PageQuery {
  limit: number;
  after?: string | undefined;
}

export interface Page<Row> {
  rows: Row[];
  hasMore: boolean;
}

/**
 * Who a credential belongs to. Looked up before there is a tenant, so it is no store: an implementation calls the
 * SECURITY DEFINER functions of migration 0003 and nothing else.
 */
export interface CredentialDirectory {
  session(
    tokenHash: Uint8Array,
  ): Promise<{ sessionId: string; personId: string; tenantId: string; role: Role; mode: 'live' | 'test'; ended: boolean } | null>;
  apiKey(
    tokenHash: Uint8Array,
  ): Promise<{ keyId: string; tenantId: string; ownerPersonId: string; scopes: Permission[]; mode: 'live' | 'test' } | null>;
  person(email: string): Promise<{ id: string; name: string; email: string; passwordHash: string; disabled: boolean } | null>;
  workspacesOf(personId: string): Promise<{ tenantId: string; name: string; mode: 'live' | 'test'; role: Role }[]>;
  tenantOfConnection(connectionId: string): Promise<string | null>;
}
