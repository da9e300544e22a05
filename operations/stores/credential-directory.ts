import type { Permission, Role } from '../../domain/actors.js';

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
