import { type Acceptance, INVITATION, type InvitationDirectory, type InvitationStore } from '../operations/stores/invitations.js';
import { type invitation, Prisma } from '../prisma/generated/client.js';
import type { Database, Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const invitations = tableOf<invitation>()(INVITATION);

const OPEN = Prisma.sql`accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now()`;

/** Invitations of one workspace. */
export const invitationStore = ({ sql }: Tx, { tenantId }: Scope): InvitationStore => ({
  put: async ({ id, email, name, roles, invitedBy, invitedByOperator, tokenHash }) => {
    const row = await sql.row('conflict')`
      INSERT INTO invitation (tenant_id, id, email, name, roles, invited_by, invited_by_operator, token_hash, expires_at)
      VALUES (${tenantId}::uuid, ${id}::uuid, ${email}, ${name}, ${[...roles]}::text[], ${invitedBy}::uuid, ${invitedByOperator}::uuid,
        ${tokenHash}::bytea, now() + interval '24 hours')
      ON CONFLICT (tenant_id, email) DO UPDATE SET id = excluded.id, name = excluded.name, roles = excluded.roles, invited_by = excluded.invited_by,
        invited_by_operator = excluded.invited_by_operator, token_hash = ${tokenHash}::bytea, created_at = now(), expires_at = excluded.expires_at, accepted_at = NULL, revoked_at = NULL
      RETURNING ${invitations.list()}`;
    if (!row) throw new Error('an invitation was not stored');
    return invitations.row(row);
  },

  isOpen: async (email) => {
    const row = await sql.row<{ open: boolean }>('clock')`
      SELECT true AS open FROM invitation WHERE tenant_id = ${tenantId}::uuid AND email = ${email} AND ${OPEN}`;
    return row !== null;
  },

  list: async ({ limit, after }) => {
    const rows = await sql.rows('clock')`
      SELECT ${invitations.list()} FROM invitation WHERE tenant_id = ${tenantId}::uuid AND ${OPEN}
      ${after === undefined ? Prisma.empty : Prisma.sql`AND id < ${after}::uuid`} ORDER BY id DESC LIMIT ${limit + 1}`;
    return pageOf(rows, limit, invitations.row);
  },

  revoke: async (id) => {
    const row = await sql.row('conflict')`
      UPDATE invitation SET revoked_at = now() WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid AND ${OPEN} RETURNING ${invitations.list()}`;
    return row && invitations.row(row);
  },

  revokeOfOperators: async () => {
    const rows = await sql.rows<{ open: boolean }>('conflict')`
      UPDATE invitation SET revoked_at = now()
      WHERE tenant_id = ${tenantId}::uuid AND invited_by_operator IS NOT NULL AND accepted_at IS NULL AND revoked_at IS NULL
      RETURNING expires_at > now() AS open`;
    return rows.some(({ open }) => open);
  },

  firstOwner: async () => {
    const row = await sql.row<{ email: string }>('set')`
      SELECT email FROM invitation WHERE tenant_id = ${tenantId}::uuid AND invited_by_operator IS NOT NULL AND revoked_at IS NULL
      ORDER BY id DESC LIMIT 1`;
    return row?.email ?? null;
  },

  mayInviteOwner: async (operatorId, email) => {
    const row = await sql.row<{ may: boolean }>('function')`SELECT sluice_may_invite_owner(${operatorId}::uuid, ${email}) AS may`;
    return row?.may ?? false;
  },

  mayInvite: async (personId, roles) => {
    const row = await sql.row<{ may: boolean }>('function')`SELECT sluice_may_invite(${personId}::uuid, ${[...roles]}::text[]) AS may`;
    return row?.may ?? false;
  },

  accept: async (hash, as, { eventId, authenticator }) => {
    const [name, secret, held] = 'passwordVersion' in as ? [null, null, as.passwordVersion] : [as.name, as.passwordHash, null];
    const row = await sql.row<{ became: Acceptance }>('function')`
      SELECT sluice_accept_invitation(${hash}::bytea, ${as.personId}::uuid, ${name}, ${secret}, ${held}::int,
        ${eventId}::uuid, ${authenticator}::bytea) AS became`;
    return row?.became ?? 'gone';
  },
});

interface Found {
  tenantId: string;
  mode: 'live' | 'test';
  workspace: string;
  id: string;
  email: string;
  name: string;
  roles: string[];
  invitedBy: string | null;
  invitedByOperator: string | null;
  personId: string | null;
  hash: string | null;
  version: number | null;
  disabled: boolean;
}

/** Finds invitations before a workspace is known. */
export const invitationDirectory = (database: Database): InvitationDirectory => ({
  find: async (tokenHash) => {
    const row = await database.sql.row<Found>('function')`
      SELECT tenant_id AS "tenantId", mode, workspace, id, email, name, roles, invited_by AS "invitedBy", invited_by_operator AS "invitedByOperator",
        person_id AS "personId", password_hash AS hash, password_version AS version, disabled FROM sluice_invitation_of(${tokenHash}::bytea)`;
    if (!row) return null;
    const { personId, hash, version, disabled, ...open } = row;
    return { ...open, account: personId !== null && hash !== null && version !== null ? { personId, password: { hash, version }, disabled } : null };
  },
});
