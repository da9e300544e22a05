import { API_KEY, type ApiKeyStore } from '../operations/stores/api-keys.js';
import type { api_key } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const apiKeys = tableOf<api_key>()(API_KEY);

/** API keys of one tenant. Only the SHA-256 of a token and its public prefix are stored. */
export const apiKeyStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): ApiKeyStore => ({
  insert: async ({ tokenHash, ...row }) =>
    apiKeys.row(await orm.api_key.create({ data: { tenant_id: tenantId, token_hash: Uint8Array.from(tokenHash), ...apiKeys.stored(row) } })),

  names: async (ids) => {
    const rows = await orm.api_key.findMany({ where: { tenant_id: tenantId, id: { in: [...ids] } }, select: { id: true, name: true } });
    return new Map(rows.map(({ id, name }) => [id, name]));
  },

  list: async ({ limit, after }) => {
    const rows = await orm.api_key.findMany({
      where: { tenant_id: tenantId, ...(after ? { id: { lt: after } } : {}) },
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
    return pageOf(rows, limit, apiKeys.row);
  },

  lock: async (id) => {
    // NO KEY, because rows that name the key hold KEY SHARE on it.
    const row = await sql.row('lock')`
      SELECT ${apiKeys.list()} FROM api_key WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid FOR NO KEY UPDATE`;
    return row && apiKeys.row(row);
  },

  rotate: async (old, { tokenHash, ...next }, endsAt) => {
    const { name, scopes, ownerPersonId, allowedNetworks, expiresAt } = old;
    const row = { ...next, name, scopes, ownerPersonId, allowedNetworks, expiresAt, rotatedFrom: old.id, familyId: old.familyId ?? old.id };
    // First the new one: the database compares it with what the old one still is.
    const stored = await orm.api_key.create({ data: { tenant_id: tenantId, token_hash: Uint8Array.from(tokenHash), ...apiKeys.stored(row) } });
    await orm.api_key.update({
      where: { tenant_id_id: { tenant_id: tenantId, id: old.id } },
      data: apiKeys.stored({ rotatedAt: now, expiresAt: endsAt }),
    });
    return apiKeys.row(stored);
  },

  revoke: async (id) => {
    await orm.api_key.updateMany({ where: { tenant_id: tenantId, id, revoked_at: null }, data: { revoked_at: now } });
    const row = await orm.api_key.findUnique({ where: { tenant_id_id: { tenant_id: tenantId, id } } });
    return row && apiKeys.row(row);
  },

  suspend: async (id) => {
    const suspended = await sql.run('conflict')`
      UPDATE api_key SET suspended_at = now()
      WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid
        AND suspended_at IS NULL AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;
    return suspended === 1;
  },

  resume: async (id) => {
    const row = await sql.row('clock')`
      UPDATE api_key SET suspended_at = NULL, resumed_at = now() WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid AND suspended_at IS NOT NULL
      RETURNING ${apiKeys.list()}`;
    if (!row) throw new Error(`the API key ${id} is not suspended`);
    return apiKeys.row(row);
  },

  noteUse: async (id, network) => {
    await sql.run('conflict')`
      UPDATE api_key SET last_used_at = now(), last_used_from = ${network}
      WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute')`;
  },

  noteRefusal: async (id, network) => {
    // What is known already is only read: a flood of refused requests writes nothing.
    const noted = await sql.run('conflict')`
      INSERT INTO api_key_refusal AS r (tenant_id, key_id, network, at)
      SELECT ${tenantId}::uuid, ${id}::uuid, ${network}::text, now()
      WHERE NOT EXISTS (
        SELECT FROM api_key_refusal f
        WHERE f.tenant_id = ${tenantId}::uuid AND f.key_id = ${id}::uuid AND f.network = ${network} AND f.at > now() - interval '1 minute')
      ON CONFLICT (tenant_id, key_id, network) DO UPDATE SET at = excluded.at WHERE r.at <= now() - interval '1 minute'`;
    if (noted === 0) return false;
    await sql.run('clock')`
      DELETE FROM api_key_refusal WHERE tenant_id = ${tenantId}::uuid AND key_id = ${id}::uuid AND at <= now() - interval '1 hour'`;
    return true;
  },
});
