import type { PasskeyDirectory } from '../operations/stores/passkey-requests.js';
import type { Database } from './transaction/open.js';

/** Requests to sign in and owners of credentials, before anybody is known, through the SECURITY DEFINER functions of migration 0033. */
export const passkeyDirectory = (database: Database): PasskeyDirectory => ({
  ask: async ({ id, challengeHash }) => {
    const row = await database.sql.row<{ until: Date }>('function')`SELECT sluice_ask_passkey(${id}::uuid, ${challengeHash}::bytea) AS until`;
    if (!row) throw new Error('a request to sign in was not kept');
    return row.until;
  },

  use: async (id) => {
    const row = await database.sql.row<{ hash: Uint8Array | null }>('function')`SELECT sluice_use_passkey_request(${id}::uuid) AS hash`;
    return row?.hash ?? null;
  },

  find: (credentialId) =>
    database.sql.row<{ personId: string; disabled: boolean }>('function')`
      SELECT person_id AS "personId", disabled FROM sluice_passkey_of(${credentialId}::bytea)`,
});
