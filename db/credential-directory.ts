import { type Permission, ROLES, type Role } from '../domain/actors.js';
import type { ApiKeyOwner, CredentialDirectory, OwnWorkspace, SessionOwner } from '../operations/stores/credential-directory.js';
import type { Database } from './transaction/open.js';

/** Looks up owners of credentials before a tenant is known, through the SECURITY DEFINER functions of migration 0003. */
export const credentialDirectory = (database: Database): CredentialDirectory => ({
  session: (tokenHash) =>
    database.sql.row<SessionOwner>('function')`
      SELECT session_id AS "sessionId", person_id AS "personId", tenant_id AS "tenantId", role, mode, ended
      FROM sluice_resolve_session(${tokenHash})`,

  apiKey: async (tokenHash) => {
    const found = await database.sql.row<ApiKeyOwner & { role: Role }>('function')`
      SELECT key_id AS "keyId", tenant_id AS "tenantId", owner_person_id AS "ownerPersonId", scopes, mode, role
      FROM sluice_resolve_api_key(${tokenHash})`;
    if (!found) return null;
    const { role, ...key } = found;
    // A key may do no more than its owner: it loses the scopes that its owner's role has lost.
    const owned: readonly Permission[] = ROLES[role];
    return { ...key, scopes: key.scopes.filter((scope) => owned.includes(scope)) };
  },

  person: async (email) => {
    const row = await database.transaction(({ orm }) => orm.person.findUnique({ where: { email } }));
    return row && { id: row.id, password: { hash: row.password_hash, version: row.password_version }, disabled: row.disabled_at !== null };
  },

  workspacesOf: (personId) =>
    database.sql.rows<OwnWorkspace>('function')`SELECT tenant_id AS "tenantId", name, mode, role FROM sluice_workspaces_of(${personId}::uuid)`,

  tenantOfConnection: async (connectionId) => {
    const row = await database.sql.row<{ tenantId: string | null }>('function')`
      SELECT sluice_tenant_of_connection(${connectionId}::uuid) AS "tenantId"`;
    return row?.tenantId ?? null;
  },
});
