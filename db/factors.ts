import type { FactorStore } from '../operations/stores/factors.js';
import type { factor } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Second factors of people. Global rows: every workspace counts against the same account. */
export const factorStore = (tx: Tx, _scope: Scope): FactorStore => ({
  lock: async (personId) => {
    const [row] = await tx.sql.rows<factor>('set')`
      SELECT * FROM factor WHERE person_id = ${personId}::uuid AND kind = 'totp' ORDER BY id LIMIT 1 FOR UPDATE`;
    if (!row) return null;
    return {
      id: row.id,
      personId: row.person_id,
      sealed: row.sealed,
      lastStep: Number(row.last_step),
      failures: row.failures,
      lockedUntil: row.locked_until,
    };
  },

  consumeStep: async (factorId, step) => {
    const winners = await tx.sql.run('set')`
      UPDATE factor SET last_step = ${BigInt(step)}, failures = 0, locked_until = NULL
      WHERE id = ${factorId}::uuid AND last_step < ${BigInt(step)}`;
    return winners === 1;
  },

  countFailure: async (factorId, most, lockMs) => {
    const [row] = await tx.sql.rows<{ failures: number; locked_until: Date | null }>('set')`
      UPDATE factor SET
        failures = CASE WHEN failures + 1 >= ${most}::int THEN 0 ELSE failures + 1 END,
        locked_until = CASE WHEN failures + 1 >= ${most}::int THEN now() + ${lockMs}::int * interval '1 millisecond' END
      WHERE id = ${factorId}::uuid
      RETURNING failures, locked_until`;
    if (!row) throw new Error(`there is no factor ${factorId}`);
    return { failures: row.locked_until ? most : row.failures, lockedUntil: row.locked_until };
  },
});
