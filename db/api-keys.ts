import type { Permission } from '../domain/actors.js';
import type { ApiKeyRow, ApiKeyStore } from '../operations/stores/api-keys.js';
import type { api_key } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** API keys of the workspace. Of the token only its SHA-256 and its public prefix are kept. */
export const apiKeyStore = (tx: Tx, { tenantId }: Scope): ApiKeyStore => ({
  insert: async (row) =>
    apiKeyOf(
      await tx.orm.api_key.create({
        data: {
          tenant_id: tenantId,
          id: row.id,
          name: row.name,
          prefix: row.prefix,
          token_hash: Uint8Array.from(row.tokenHash),
          scopes: [...row.scopes],
          owner_person_id: row.ownerPersonId,
          expires_at: row.expiresAt,
        },
      }),
    ),

  list: async ({ limit, after }) => {
    const rows = await tx.orm.api_key.findMany({
      where: { tenant_id: tenantId, ...(after ? { id: { lt: after } } : {}) },
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
    return { rows: rows.slice(0, limit).map(apiKeyOf), hasMore: rows.length > limit };
  },

  revoke: async (id) => {
    const [row] = await tx.sql.rows<api_key>('set')`
      UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid RETURNING *`;
    return row ? apiKeyOf(row) : null;
  },
});

const apiKeyOf = (row: api_key): ApiKeyRow => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes as Permission[],
  ownerPersonId: row.owner_person_id,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});
