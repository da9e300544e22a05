import { API_KEY, type ApiKeyStore } from '../operations/stores/api-keys.js';
import type { api_key } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const apiKeys = tableOf<api_key>()(API_KEY);

/** API keys of one tenant. Only the SHA-256 of a token and its public prefix are stored. */
export const apiKeyStore = ({ orm }: Tx, { tenantId, now }: Scope): ApiKeyStore => ({
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

  revoke: async (id) => {
    await orm.api_key.updateMany({ where: { tenant_id: tenantId, id, revoked_at: null }, data: { revoked_at: now } });
    const row = await orm.api_key.findUnique({ where: { tenant_id_id: { tenant_id: tenantId, id } } });
    return row && apiKeys.row(row);
  },
});
