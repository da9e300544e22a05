import { SIGNING_KEY, type SigningKeyStore } from '../operations/stores/signing-keys.js';
import type { signing_key } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const signingKeys = tableOf<signing_key>()(SIGNING_KEY);

/** Keys of one tenant that sign calls. A secret is stored sealed, and the other half of a public key is not known here. */
export const signingKeyStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): SigningKeyStore => ({
  insert: async (row) => signingKeys.row(await orm.signing_key.create({ data: { tenant_id: tenantId, ...signingKeys.stored(row) } })),

  apiKey: async (apiKeyId) => {
    const key = await orm.api_key.findUnique({ where: { tenant_id_id: { tenant_id: tenantId, id: apiKeyId } } });
    const isInForce = key?.revoked_at === null && (key.expires_at === null || key.expires_at > now);
    return key && { ownerPersonId: key.owner_person_id, isInForce };
  },

  // On the path of every signed request.
  find: async (id) => {
    const row = await sql.row('hot')`SELECT ${signingKeys.list()} FROM signing_key WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid`;
    return row && signingKeys.row(row);
  },

  ofApiKey: async (apiKeyId) => {
    const rows = await orm.signing_key.findMany({ where: { tenant_id: tenantId, api_key_id: apiKeyId }, orderBy: { id: 'desc' } });
    return rows.map(signingKeys.row);
  },

  revoke: async (apiKeyId, id) => {
    await orm.signing_key.updateMany({ where: { tenant_id: tenantId, api_key_id: apiKeyId, id, revoked_at: null }, data: { revoked_at: now } });
    const row = await orm.signing_key.findFirst({ where: { tenant_id: tenantId, api_key_id: apiKeyId, id } });
    return row && signingKeys.row(row);
  },
});
