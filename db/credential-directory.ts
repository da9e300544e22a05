import { type Permission, permissionsOfRoles } from '../domain/permissions.js';
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

/** Looks up owners of credentials before a tenant is known, through the SECURITY DEFINER functions of migrations 0003 and 0021. */
export const credentialDirectory = (database: Database): CredentialDirectory => ({
  session: async (tokenHash) => {
    const found = await database.sql.row<Omit<SessionOwner, 'permissions'> & Held>('function')`
      SELECT session_id AS "sessionId", person_id AS "personId", tenant_id AS "tenantId", roles, defined, mode, ended, unnoted
      FROM sluice_resolve_session(${tokenHash})`;
    return found && withPermissions(found);
  },

  noteSession: async (tokenHash) => {
    await database.sql.row('function')`SELECT sluice_note_session(${tokenHash})`;
  },

  apiKey: async (tokenHash) => {
    const found = await database.sql.row<ApiKeyOwner & Held>('function')`
      SELECT key_id AS "keyId", tenant_id AS "tenantId", owner_person_id AS "ownerPersonId", scopes, mode, roles, defined
      FROM sluice_resolve_api_key(${tokenHash})`;
    if (!found) return null;
    const { roles, defined, ...key } = found;
    // A key may do no more than its owner: it loses the scopes that its owner has lost.
    const owned = permissionsIn({ roles, defined });
    return { ...key, scopes: key.scopes.filter((scope) => owned.includes(scope)) };
  },

  person: (email) =>
    database.sql.row<{ id: string; name: string; email: string; passwordHash: string; disabled: boolean }>('function')`
      SELECT id, name, email, password_hash AS "passwordHash", disabled FROM sluice_person_of(${email})`,

  workspacesOf: async (personId) => {
    const rows = await database.sql.rows<Omit<OwnWorkspace, 'permissions'> & Held>('function')`
      SELECT tenant_id AS "tenantId", name, mode, roles, defined FROM sluice_workspaces_of(${personId}::uuid)`;
    return rows.map(withPermissions);
  },

  tenantOfConnection: async (connectionId) => {
    const row = await database.sql.row<{ tenantId: string | null }>('function')`
      SELECT sluice_tenant_of_connection(${connectionId}::uuid) AS "tenantId"`;
    return row?.tenantId ?? null;
  },
});
