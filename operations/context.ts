import type { Actor, OperatorActor } from '../domain/actors.js';
import type { AuditEntry } from '../domain/audit/event.js';
import type { Refusal } from '../domain/result.js';
import type { Services, Stores } from './ports.js';
import type { CredentialDirectory } from './stores/credential-directory.js';
import type { EmailLinkQueue } from './stores/email-links.js';
import type { InvitationDirectory } from './stores/invitations.js';
import type { OperatorDirectory } from './stores/operator-directory.js';
import type { PasskeyDirectory } from './stores/passkey-requests.js';
import type { PersonEventQueue } from './stores/person-events.js';

/**
 * What every operation gets. `inTenant` is an operation's only way to open a transaction: it sets tenant, actor and request for
 * every row that the transaction writes.
 */
export interface Context {
  tenantId: string;
  mode: 'live' | 'test';
  actor: Actor;
  /** Correlation id. It is in the answer, every log line, every audit event and the workflow's memo. */
  requestId: string;
  inTenant: InTenant;
  services: Services;
}

/**
 * Runs `work` in one transaction of the tenant and commits when it returns, also when it returns a refusal: the failure counter
 * and the audit event that it wrote stay (R12). Only an exception rolls back. After a serialization failure or a deadlock `work`
 * runs again, so it must have no effect outside the database. A transaction that takes longer than `timeoutMs` (30 s when it is
 * left out) is rolled back and throws.
 */
export type InTenant = <T>(work: (stores: Stores) => Promise<T>, options?: TransactionOptions) => Promise<T>;

export interface TransactionOptions {
  timeoutMs: number;
}

/** What an operation gets before a tenant is known: sign-in, credentials and inbound webhooks start here. */
export interface PublicContext {
  requestId: string;
  directory: CredentialDirectory;
  operators: OperatorDirectory;
  personEvents: Pick<PersonEventQueue, 'add'>;
  emailLinks: Pick<EmailLinkQueue, 'ask' | 'find'>;
  passkeys: PasskeyDirectory;
  invitations: InvitationDirectory;
  services: Services;
  enter(tenantId: string, mode: 'live' | 'test', actor: Actor): Context;
}

/** What an operation of the platform gets: an operator acts, and no workspace is entered yet. */
export interface PlatformContext extends PublicContext {
  operator: OperatorActor;
}

/** Writes the refused attempt to the audit log and returns the refusal, as the last step of a transaction. */
export const refusedAndAudited = async (
  stores: Stores,
  entry: Omit<AuditEntry, 'result'>,
  refusal: Refusal,
): Promise<{ ok: false; refusal: Refusal }> => {
  await stores.audit.append({ ...entry, result: refusal.code });
  return { ok: false, refusal };
};
