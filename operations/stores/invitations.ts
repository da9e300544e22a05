import type { Seal } from '../../domain/membership.js';
import { columns, nullable, type Row, text, texts, time, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';
import type { StoredPassword } from './passwords.js';

/** All but the hash of its token, which no process reads. */
export const INVITATION = columns({
  id: uuid('id'),
  email: text('email'),
  name: text('name'),
  roles: texts<string[]>()('roles'),
  /** Null for an operator's. */
  invitedBy: nullable(uuid('invited_by')),
  invitedByOperator: nullable(uuid('invited_by_operator')),
  createdAt: time('created_at'),
  expiresAt: time('expires_at'),
  acceptedAt: nullable(time('accepted_at')),
  revokedAt: nullable(time('revoked_at')),
});
export type InvitationRow = Row<typeof INVITATION>;

/** What became of accepting one. `gone`: used, withdrawn, replaced or expired; `account`: the account of the address is another by now. */
export type Acceptance = 'accepted' | 'gone' | 'inviter' | 'member' | 'account';

export interface InvitationStore {
  /** Makes one of the person who acts, or of an operator, for a day. It takes the place of the one that the address had. */
  put(
    row: Pick<InvitationRow, 'id' | 'email' | 'name' | 'roles' | 'invitedBy' | 'invitedByOperator'> & { tokenHash: Uint8Array },
  ): Promise<InvitationRow>;
  /** Whether the address has an open one. */
  isOpen(email: string): Promise<boolean>;
  /** A page of the open ones, newest first. */
  list(page: PageQuery): Promise<Page<InvitationRow>>;
  /** Withdraws an open one; null when there is none of this id. */
  revoke(id: string): Promise<InvitationRow | null>;
  /** Withdraws what an operator sent and nobody has accepted, whoever it went to. Whether there was any. */
  revokeOfOperators(): Promise<boolean>;
  /** The address that operators invited last, also when it has accepted; null when there is none. */
  firstOwner(): Promise<string | null>;
  /** Whether an operator may invite this address to own the workspace at this moment, by the database's own rules. */
  mayInviteOwner(operatorId: string, email: string): Promise<boolean>;
  /** Whether somebody may invite to these roles at this moment, by the database's own rules. */
  mayInvite(personId: string, roles: readonly string[]): Promise<boolean>;
  /**
   * Accepts one as the person who acts: as somebody new, or with the account whose password was right. `accepted` for exactly one of several,
   * and for every other nothing has changed. The membership gets this seal.
   */
  accept(
    hash: Uint8Array,
    as: { personId: string } & ({ name: string; passwordHash: string } | { passwordVersion: number }),
    seal: Seal,
  ): Promise<Acceptance>;
}

/** An open invitation, found by its token before anybody is known. */
export interface FoundInvitation {
  tenantId: string;
  mode: 'live' | 'test';
  workspace: string;
  id: string;
  email: string;
  name: string;
  roles: string[];
  /** One of the two: the person or the operator who sent it. */
  invitedBy: string | null;
  invitedByOperator: string | null;
  /** Who has the address already. */
  account: { personId: string; password: StoredPassword; disabled: boolean } | null;
}

export interface InvitationDirectory {
  /** By the stored hash of its token; null unless it is open. */
  find(tokenHash: Uint8Array): Promise<FoundInvitation | null>;
}
