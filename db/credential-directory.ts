import { keyPermissions } from '../domain/api-key.js';
import { awakeIn, type Permission, permissionsOfRoles } from '../domain/permissions.js';
import type { ApiKeyOwner, CredentialDirectory, OwnWorkspace, SessionOwner } from '../operations/stores/credential-directory.js';
import type { Database } from './transaction/open.js';

/** Roles of a member, and what those of them allow that the workspace defines. */
interface Held {
  roles: string[];
  defined: Record<string, Permission[]> | null;
}

const permissionsIn = ({ roles, defined }: Held): Permission[] => permissionsOfRoles(roles, new Map(Object.entries(defined ?? {})));

const withPermissions = <Found extends Held>({ defined, ...found }: Found): Omit<Found, 'defined'> & { permissions: Permission[] } => ({
  ...found,
  permissions: permissionsIn({ roles: found.roles, defined }),
});

/** Looks up owners of credentials before a tenant is known, through the SECURITY DEFINER functions of migrations 0003, 0021, 0022, 0028, 0030 and 0034. */
export const credentialDirectory = (database: Database): CredentialDirectory => ({
  session: async (tokenHash) => {
    const found = await database.sql.row<Omit<SessionOwner, 'permissions' | 'sleeping'> & Held & { withFactor: boolean }>('function')`
      SELECT session_id AS "sessionId", person_id AS "personId", tenant_id AS "tenantId", roles, defined, mode, ended, unnoted, with_factor AS "withFactor",
        sluice_workspace_closed(tenant_id) AS closed, sluice_workspace_plan(tenant_id) AS plan
      FROM sluice_resolve_session(${tokenHash})`;
    if (!found) return null;
    const { defined, withFactor, ...owner } = found;
    return { ...owner, ...awakeIn({ withFactor }, permissionsIn({ roles: owner.roles, defined })) };
  },

  noteSession: async (tokenHash) => {
    await database.sql.row('function')`SELECT sluice_note_session(${tokenHash})`;
  },

  apiKey: async (tokenHash) => {
    const found = await database.sql.row<ApiKeyOwner & Held>('function')`
      SELECT key_id AS "keyId", tenant_id AS "tenantId", owner_person_id AS "ownerPersonId", scopes, mode, roles, defined,
        family_id AS "familyId", allowed_networks AS "allowedNetworks", use_is_due AS "isUseDue",
        sluice_workspace_closed(tenant_id) AS closed, sluice_workspace_plan(tenant_id) AS plan
      FROM sluice_resolve_api_key(${tokenHash})`;
    if (!found) return null;
    const { roles, defined, ...key } = found;
    return { ...key, scopes: keyPermissions(key.scopes, permissionsIn({ roles, defined })) };
  },

  person: async (email) => {
    const row = await database.sql.row<{ id: string; hash: string; version: number; disabled: boolean }>('function')`
      SELECT id, password_hash AS hash, password_version AS version, disabled FROM sluice_person_of(${email})`;
    return row && { id: row.id, password: { hash: row.hash, version: row.version }, disabled: row.disabled };
  },

  workspacesOf: async (personId) => {
    const rows = await database.sql.rows<Omit<OwnWorkspace, 'permissions'> & Held>('function')`
      SELECT tenant_id AS "tenantId", name, mode, roles, defined, sluice_workspace_closed(tenant_id) AS closed
      FROM sluice_workspaces_of(${personId}::uuid)`;
    return rows.map(withPermissions);
  },

  tenantOfConnection: async (connectionId) => {
    const row = await database.sql.row<{ tenantId: string | null }>('function')`
      SELECT sluice_tenant_of_connection(${connectionId}::uuid) AS "tenantId"`;
    return row?.tenantId ?? null;
  },
});
