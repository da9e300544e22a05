import { type Permission, ROLES, type Role } from '../domain/actors.js';
import type { CredentialDirectory } from '../operations/stores/credential-directory.js';
import type { Database } from './transaction/open.js';

type Mode = 'live' | 'test';

/**
 * Whose is this credential? Asked before a tenant is known, so it goes through the SECURITY DEFINER functions of
 * migration 0003. A person by e-mail is a plain read of the global table.
 */
export const credentialDirectory = (database: Database): CredentialDirectory => ({
  session: async (tokenHash) => {
    const [row] = await database.sql.rows<{ session_id: string; person_id: string; tenant_id: string; role: Role; mode: Mode; ended: boolean }>(
      'set',
    )`SELECT * FROM sluice_resolve_session(${tokenHash})`;
    if (!row) return null;
    return { sessionId: row.session_id, personId: row.person_id, tenantId: row.tenant_id, role: row.role, mode: row.mode, ended: row.ended };
  },

  apiKey: async (tokenHash) => {
    const [row] = await database.sql.rows<{
      key_id: string;
      tenant_id: string;
      owner_person_id: string;
      scopes: Permission[];
      mode: Mode;
      role: Role;
    }>('set')`SELECT * FROM sluice_resolve_api_key(${tokenHash})`;
    if (!row) return null;
    // A key never outgrows its owner: what the role has lost since, the key has lost.
    const owned: readonly Permission[] = ROLES[row.role];
    return {
      keyId: row.key_id,
      tenantId: row.tenant_id,
      ownerPersonId: row.owner_person_id,
      scopes: row.scopes.filter((scope) => owned.includes(scope)),
      mode: row.mode,
    };
  },

  person: async (email) => {
    const row = await database.transaction(({ orm }) => orm.person.findUnique({ where: { email } }));
    return row ? { id: row.id, name: row.name, email: row.email, passwordHash: row.password_hash, disabled: row.disabled_at !== null } : null;
  },

  workspacesOf: async (personId) => {
    const rows = await database.sql.rows<{ tenant_id: string; name: string; mode: Mode; role: Role }>('set')`
      SELECT * FROM sluice_workspaces_of(${personId}::uuid)`;
    return rows.map(({ tenant_id, name, mode, role }) => ({ tenantId: tenant_id, name, mode, role }));
  },

  tenantOfConnection: async (connectionId) => {
    const [row] = await database.sql.rows<{ tenant_id: string | null }>(
      'set',
    )`SELECT sluice_tenant_of_connection(${connectionId}::uuid) AS tenant_id`;
    return row?.tenant_id ?? null;
  },
});
