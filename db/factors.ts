import { FACTOR, FACTOR_FAILURES, type FactorRow, type FactorStore } from '../operations/stores/factors.js';
import type { factor, factor_failures } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const factors = tableOf<factor>()(FACTOR);
const counts = tableOf<factor_failures>()(FACTOR_FAILURES);

/** Second factors of people. The tables belong to no tenant: every workspace counts against the same rows, which each person sees alone (ADR 0064). */
export const factorStore = ({ sql }: Tx, _scope: Scope): FactorStore => ({
  lock: async (personId, purpose) => {
    // Two statements: the second one is sent with the first, and sees what whoever held the lock before has counted.
    const [locked, counted] = await Promise.all([
      sql.row('lock')`
        SELECT ${factors.list()} FROM factor WHERE person_id = ${personId}::uuid AND kind = 'totp' ORDER BY id LIMIT 1 FOR UPDATE`,
      sql.rows('join')`
        SELECT ${counts.list('c')} FROM factor f JOIN factor_failures c ON c.factor_id = f.id
        WHERE f.person_id = ${personId}::uuid AND c.purpose = ${purpose}`,
    ]);
    if (!locked) return null;
    const own = factors.row(locked);
    const count = counted.map(counts.row).find(({ factorId }) => factorId === own.id);
    const { failures = 0, locks = 0, lockedUntil = null } = count ?? {};
    return { ...own, purpose, failures, locks, lockedUntil } satisfies FactorRow;
  },

  consumeStep: async (factorId, step) => {
    const changed = await sql.run('conflict')`
      UPDATE factor SET last_step = ${BigInt(step)} WHERE id = ${factorId}::uuid AND last_step < ${BigInt(step)}`;
    return changed === 1;
  },

  countFailure: async (factorId, purpose, { failuresMax, locksMs }) => {
    const row = await sql.row<{ failures: number; lockedUntil: Date | null }>('conflict')`
      INSERT INTO factor_failures AS c (factor_id, purpose, failures) VALUES (${factorId}::uuid, ${purpose}, 1)
      ON CONFLICT (factor_id, purpose) DO UPDATE SET
        failures = CASE WHEN c.failures + 1 >= ${failuresMax}::int THEN 0 ELSE c.failures + 1 END,
        locks = CASE WHEN c.failures + 1 >= ${failuresMax}::int THEN c.locks + 1 ELSE c.locks END,
        locked_until = CASE WHEN c.failures + 1 >= ${failuresMax}::int
          THEN now() + (${[...locksMs]}::bigint[])[least(c.locks, ${locksMs.length - 1}::int) + 1] * interval '1 millisecond' ELSE c.locked_until END
      RETURNING failures, CASE WHEN failures = 0 THEN locked_until END AS "lockedUntil"`;
    if (!row) throw new Error(`the wrong code of factor ${factorId} was neither inserted nor added`);
    return row.lockedUntil ? { ...row, failures: failuresMax } : row;
  },

  clearFailures: async (factorId, purpose, quietMs) => {
    await sql.run('clock')`
      UPDATE factor_failures SET failures = 0,
        locks = CASE WHEN locked_until < now() - ${quietMs}::bigint * interval '1 millisecond' THEN 0 ELSE locks END
      WHERE factor_id = ${factorId}::uuid AND purpose = ${purpose}`;
  },
});
