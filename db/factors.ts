import { FACTOR, type FactorStore } from '../operations/stores/factors.js';
import type { factor } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const factors = tableOf<factor>()(FACTOR);

/** Second factors of people. The table belongs to no tenant: every workspace counts against the same row, and it
 * shows each person their own (ADR 0064). */
export const factorStore = ({ sql }: Tx, _scope: Scope): FactorStore => ({
  lock: async (personId) => {
    const row = await sql.row('lock')`
      SELECT ${factors.list()} FROM factor WHERE person_id = ${personId}::uuid AND kind = 'totp' ORDER BY id LIMIT 1 FOR UPDATE`;
    return row && factors.row(row);
  },

  consumeStep: async (factorId, step) => {
    const changed = await sql.run('conflict')`
      UPDATE factor SET last_step = ${BigInt(step)}, failures = 0, locked_until = NULL
      WHERE id = ${factorId}::uuid AND last_step < ${BigInt(step)}`;
    return changed === 1;
  },

  countFailure: async (factorId, failuresMax, lockMs) => {
    const row = await sql.row<{ failures: number; lockedUntil: Date | null }>('clock')`
      UPDATE factor SET
        failures = CASE WHEN failures + 1 >= ${failuresMax}::int THEN 0 ELSE failures + 1 END,
        locked_until = CASE WHEN failures + 1 >= ${failuresMax}::int THEN now() + ${lockMs}::int * interval '1 millisecond' END
      WHERE id = ${factorId}::uuid
      RETURNING failures, locked_until AS "lockedUntil"`;
    if (!row) throw new Error(`there is no factor ${factorId}`);
    return row.lockedUntil ? { ...row, failures: failuresMax } : row;
  },
});
