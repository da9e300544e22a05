import { SIGNATURE_NONCE, type SignatureNonceStore } from '../operations/stores/signature-nonces.js';
import type { signature_nonce } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const nonces = tableOf<signature_nonce>()(SIGNATURE_NONCE);
const COLUMNS = ['signingKeyId', 'nonce', 'expiresAt'] as const;

/** Nonces of one tenant that were used. The primary key decides: whoever comes second waits for the first to commit, and then gets false. */
export const signatureNonceStore = ({ sql }: Tx, { tenantId }: Scope): SignatureNonceStore => ({
  use: async (row) => {
    const used = await sql.run('conflict')`
      INSERT INTO signature_nonce (tenant_id, ${nonces.names(COLUMNS)}) VALUES (${tenantId}::uuid, ${nonces.values(COLUMNS, row)})
      ON CONFLICT (tenant_id, signing_key_id, nonce) DO NOTHING`;
    return used === 1;
  },
});
