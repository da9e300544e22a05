import { ROLES, type Role } from '../domain/actors.js';
import { keyPermissions } from '../domain/api-key.js';
import type { ApiKeyOwner, CredentialDirectory, OwnWorkspace, SessionOwner } from '../operations/stores/credential-directory.js';
import type { Database } from './transaction/open.js';

/** Looks up owners of credentials before a tenant is known, through the SECURITY DEFINER functions of migrations 0003 and 0022. */
export const credentialDirectory = (database: Database): CredentialDirectory => ({
  session: (tokenHash) =>
    database.sql.row<SessionOwner>('function')`
      SELECT session_id AS "sessionId", person_id AS "personId", tenant_id AS "tenantId", role, mode, ended
      FROM sluice_resolve_session(${tokenHash})`,

  apiKey: async (tokenHash) => {
    const found = await database.sql.row<ApiKeyOwner & { role: Role }>('function')`
      SELECT key_id AS "keyId", tenant_id AS "tenantId", owner_person_id AS "ownerPersonId", scopes, mode, role,
        family_id AS "familyId", allowed_networks AS "allowedNetworks", use_is_due AS "isUseDue"
      FROM sluice_resolve_api_key(${tokenHash})`;
    if (!found) return null;
    const { role, ...key } = found;
    return { ...key, scopes: keyPermissions(key.scopes, ROLES[role]) };
  },

  person: async (email) => {
    const row = await database.transaction(({ orm }) => orm.person.findUnique({ where: { email } }));
    return row && { id: row.id, name: row.name, email: row.email, passwordHash: row.password_hash, disabled: row.disabled_at !== null };
  },

  workspacesOf: (personId) =>
    database.sql.rows<OwnWorkspace>('function')`SELECT tenant_id AS "tenantId", name, mode, role FROM sluice_workspaces_of(${personId}::uuid)`,

  tenantOfConnection: async (connectionId) => {
    const row = await database.sql.row<{ tenantId: string | null }>('function')`
      SELECT sluice_tenant_of_connection(${connectionId}::uuid) AS "tenantId"`;
    return row?.tenantId ?? null;
  },
});
