import { keyPermissions } from '../domain/api-key.js';
import { type IsAuthentic, permissionsOfMembership } from '../domain/membership.js';
import { awakeIn } from '../domain/permissions.js';
import type { ApiKeyOwner, CredentialDirectory, OwnWorkspace, SessionOwner } from '../operations/stores/credential-directory.js';
import { type StoredMembership, sealedMembership } from './sealed-membership.js';
import type { Database } from './transaction/open.js';

interface Held {
  membership: StoredMembership;
}

/**
 * Looks up owners of credentials before a tenant is known, through the SECURITY DEFINER functions of migrations 0003, 0021, 0030, 0032, 0034 and
 * 0035. What a membership allows is read from the row that is judged by `isAuthentic`.
 */
export const credentialDirectory = (database: Database, isAuthentic: IsAuthentic): CredentialDirectory => {
  const allowed = (stored: StoredMembership) => {
    const membership = sealedMembership(stored);
    const permissions = membership && permissionsOfMembership(isAuthentic, membership);
    return { roles: stored.roles as string[], permissions: permissions ?? [], authentic: permissions !== null };
  };
  return {
    session: async (tokenHash) => {
      const found = await database.sql.row<Omit<SessionOwner, 'roles' | 'permissions' | 'sleeping' | 'authentic'> & Held & { withFactor: boolean }>(
        'function',
      )`
        SELECT session_id AS "sessionId", person_id AS "personId", tenant_id AS "tenantId", membership, mode, ended, unnoted, with_factor AS "withFactor",
          sluice_workspace_closed(tenant_id) AS closed, sluice_workspace_plan(tenant_id) AS plan
        FROM sluice_resolve_session(${tokenHash})`;
      if (!found) return null;
      const { membership, withFactor, ...owner } = found;
      const { permissions, ...held } = allowed(membership);
      return { ...owner, ...held, ...awakeIn({ withFactor }, permissions) };
    },

    noteSession: async (tokenHash) => {
      await database.sql.row('function')`SELECT sluice_note_session(${tokenHash})`;
    },

    apiKey: async (tokenHash) => {
      const found = await database.sql.row<Omit<ApiKeyOwner, 'authentic'> & Held>('function')`
        SELECT key_id AS "keyId", tenant_id AS "tenantId", owner_person_id AS "ownerPersonId", scopes, mode, membership,
          family_id AS "familyId", allowed_networks AS "allowedNetworks", use_is_due AS "isUseDue",
          sluice_key_suspended(tenant_id, key_id) AS suspended, sluice_workspace_closed(tenant_id) AS closed, sluice_workspace_plan(tenant_id) AS plan
        FROM sluice_resolve_api_key(${tokenHash})`;
      if (!found) return null;
      const { membership, ...key } = found;
      const { permissions, authentic } = allowed(membership);
      return { ...key, authentic, scopes: keyPermissions(key.scopes, permissions) };
    },

    person: async (email) => {
      const row = await database.sql.row<{ id: string; hash: string; version: number; disabled: boolean }>('function')`
        SELECT id, password_hash AS hash, password_version AS version, disabled FROM sluice_person_of(${email})`;
      return row && { id: row.id, password: { hash: row.hash, version: row.version }, disabled: row.disabled };
    },

    workspacesOf: async (personId) => {
      const rows = await database.sql.rows<Omit<OwnWorkspace, 'roles' | 'permissions' | 'authentic'> & Held>('function')`
        SELECT tenant_id AS "tenantId", name, mode, membership, sluice_workspace_closed(tenant_id) AS closed
        FROM sluice_workspaces_of(${personId}::uuid)`;
      return rows.map(({ membership, ...workspace }) => ({ ...workspace, ...allowed(membership) }));
    },

    tenantOfConnection: async (connectionId) => {
      const row = await database.sql.row<{ tenantId: string | null }>('function')`
        SELECT sluice_tenant_of_connection(${connectionId}::uuid) AS "tenantId"`;
      return row?.tenantId ?? null;
    },
  };
};
