import type { Permission, Role } from '../../domain/actors.js';
import type { StoredPassword } from './passwords.js';

type Mode = 'live' | 'test';

/** The owner of a session's token. */
export interface SessionOwner {
  sessionId: string;
  personId: string;
  tenantId: string;
  role: Role;
  mode: Mode;
  /** It was ended, or it has expired. */
  ended: boolean;
}

/** The owner of an API key that is neither revoked nor expired. */
export interface ApiKeyOwner {
  keyId: string;
  tenantId: string;
  ownerPersonId: string;
  scopes: Permission[];
  mode: Mode;
}

/** A workspace in which a person is an active member. */
export interface OwnWorkspace {
  tenantId: string;
  name: string;
  mode: Mode;
  role: Role;
}

/**
 * Finds the owner of a credential. Its look-ups come before a tenant is known, so it is no store: an implementation calls
 * the SECURITY DEFINER functions of migration 0003 and reads people, who belong to no tenant. Unknown credentials are null.
 */
export interface CredentialDirectory {
  /** By the SHA-256 of the token. Null too when the person or the membership is disabled. */
  session(tokenHash: Uint8Array): Promise<SessionOwner | null>;
  /** By the SHA-256 of the token. Without the scopes that the owner's role does not have. */
  apiKey(tokenHash: Uint8Array): Promise<ApiKeyOwner | null>;
  person(email: string): Promise<{ id: string; password: StoredPassword; disabled: boolean } | null>;
  workspacesOf(personId: string): Promise<OwnWorkspace[]>;
  /** The workspace of a rail connection that takes webhooks. */
  tenantOfConnection(connectionId: string): Promise<string | null>;
}
