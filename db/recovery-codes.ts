import type { RecoveryCodeStore } from '../operations/stores/recovery-codes.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Recovery codes of people. Row-level security shows nobody those of others (ADR 0064). */
export const recoveryCodeStore = ({ orm, sql }: Tx, { now }: Scope): RecoveryCodeStore => ({
  replace: async (personId, hashes) => {
    await orm.recovery_code.deleteMany({ where: { person_id: personId } });
    await orm.recovery_code.createMany({ data: hashes.map((hash) => ({ person_id: personId, hash: Uint8Array.from(hash) })) });
  },

  use: async (personId, hash) => {
    const changed = await sql.run('conflict')`
      UPDATE recovery_code SET used_at = ${now} WHERE person_id = ${personId}::uuid AND hash = ${hash} AND used_at IS NULL`;
    return changed === 1;
  },

  left: (personId) => orm.recovery_code.count({ where: { person_id: personId, used_at: null } }),
});
