import type { Permission } from '../../domain/permissions.js';
import type { Plan } from '../../domain/plans.js';
import type { StoredPassword } from './passwords.js';

type Mode = 'live' | 'test';

/** The owner of a session's token. */
export interface SessionOwner {
  sessionId: string;
  personId: string;
  tenantId: string;
  roles: string[];
  /** What these allow at present in this session. */
  permissions: Permission[];
  /** What they allow and the session does not, because it was opened without a second factor. */
  sleeping: Permission[];
  mode: Mode;
  /** Two operators have frozen its workspace (docs/adr/0073). */
  closed: boolean;
  /** Of its workspace, at this moment. */
  plan: Plan;
  /** It was ended, or it has expired. */
  ended: boolean;
  /** Its last use was noted more than a minute ago, or never. */
  unnoted: boolean;
}

/** The owner of an API key that is neither revoked nor expired. */
export interface ApiKeyOwner {
  keyId: string;
  tenantId: string;
  ownerPersonId: string;
  /** What the key may do at this moment (domain/api-key.ts). */
  scopes: Permission[];
  mode: Mode;
  /** The first of the keys that took each other's place; null for that one itself. */
  familyId: string | null;
  allowedNetworks: string[];
  /** Two operators have frozen its workspace. */
  closed: boolean;
  /** Of its workspace, at this moment. */
  plan: Plan;
  /** No use was noted within the last minute. */
  isUseDue: boolean;
}

/** A workspace in which a person is an active member. */
export interface OwnWorkspace {
  tenantId: string;
  name: string;
  mode: Mode;
  roles: string[];
  /** What these allow at present. */
  permissions: Permission[];
  /** Two operators have frozen it. */
  closed: boolean;
}

/**
 * Finds the owner of a credential. Its look-ups come before a tenant is known, so it is no store: an implementation calls
 * the SECURITY DEFINER functions of migrations 0003, 0021 and 0022, for people belong to no tenant and nobody is known yet. Unknown credentials are null.
 */
export interface CredentialDirectory {
  /** By the SHA-256 of the token. Null too when the person or the membership is disabled. */
  session(tokenHash: Uint8Array): Promise<SessionOwner | null>;
  /** Notes that a session is used now, at most once a minute. */
  noteSession(tokenHash: Uint8Array): Promise<void>;
  /**
   * By the SHA-256 of the token. Null too when the owner or their membership is disabled. Without the scopes that the owner's roles do not allow.
   */
  apiKey(tokenHash: Uint8Array): Promise<ApiKeyOwner | null>;
  person(email: string): Promise<{ id: string; password: StoredPassword; disabled: boolean } | null>;
  workspacesOf(personId: string): Promise<OwnWorkspace[]>;
  /** The workspace of a rail connection that takes webhooks. */
  tenantOfConnection(connectionId: string): Promise<string | null>;
}
