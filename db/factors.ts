import { FACTOR, FACTOR_FAILURES, type FactorStore } from '../operations/stores/factors.js';
import type { factor, factor_failures } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const factors = tableOf<factor>()(FACTOR);
const counts = tableOf<factor_failures>()(FACTOR_FAILURES);

/** Second factors of people. The tables belong to no tenant: every workspace counts against the same rows, which each person sees alone (ADR 0064). */
export const factorStore = ({ orm, sql }: Tx, { now }: Scope): FactorStore => ({
  lock: async (personId, purpose) => {
    // Two statements: the second one is sent with the first, and sees what whoever held the lock before has counted.
    const [locked, counted] = await Promise.all([
      sql.rows('lock')`
        SELECT ${factors.list()} FROM factor
        WHERE person_id = ${personId}::uuid AND confirmed_at IS NOT NULL AND removed_at IS NULL ORDER BY id FOR UPDATE`,
      sql.row('clock')`SELECT ${counts.list()} FROM factor_failures WHERE person_id = ${personId}::uuid AND purpose = ${purpose}`,
    ]);
    if (locked.length === 0) return null;
    const count = counted ? counts.row(counted) : { personId, purpose, failures: 0, locks: 0, lockedUntil: null };
    return { ...count, all: locked.map(factors.row) };
  },

  consumeStep: async (factorId, step, purpose) => {
    const row = await sql.row<{ won: boolean }>('function')`
      SELECT sluice_consume_step(${factorId}::uuid, ${BigInt(step)}::bigint, ${purpose}) AS won`;
    return row?.won === true;
  },

  countFailure: async (purpose) => {
    const row = await sql.row<{ failures: number; lockedUntil: Date | null }>('function')`
      SELECT failures, locked_until AS "lockedUntil" FROM sluice_count_wrong_code(${purpose})`;
    if (!row) throw new Error('a wrong code was neither inserted nor added');
    return row;
  },

  lockEnrolment: async (personId) => {
    await sql.row('lock')`SELECT pg_advisory_xact_lock(hashtextextended('factors of ' || ${personId}::text, 0))`;
  },

  list: async (pendingMs) => {
    const rows = await orm.factor.findMany({
      where: { removed_at: null, OR: [{ confirmed_at: { not: null } }, { created_at: { gt: new Date(now.getTime() - pendingMs) } }] },
      orderBy: { id: 'asc' },
    });
    return rows.map(factors.row);
  },

  replacePending: async ({ id, personId, kind, name, sealed, challengeHash }) => {
    await orm.factor.deleteMany({ where: { person_id: personId, confirmed_at: null } });
    const challenge = challengeHash && Uint8Array.from(challengeHash);
    const row = await orm.factor.create({
      data: { id, person_id: personId, kind, name, sealed: Uint8Array.from(sealed), challenge_hash: challenge },
    });
    return factors.row(row);
  },

  lockPending: async (factorId, pendingMs) => {
    const row = await sql.row('lock')`
      SELECT ${factors.list()} FROM factor WHERE id = ${factorId}::uuid AND confirmed_at IS NULL
        AND created_at > now() - ${pendingMs}::bigint * interval '1 millisecond' FOR UPDATE`;
    return row && factors.row(row);
  },

  countPendingFailure: async (factorId, failuresMax) => {
    const counted = await orm.factor.update({ where: { id: factorId }, data: { confirm_failures: { increment: 1 } } });
    if (counted.confirm_failures >= failuresMax) await orm.factor.deleteMany({ where: { id: factorId, confirmed_at: null } });
    return counted.confirm_failures;
  },

  confirm: async (factorId, step, gatesFrom) => {
    const changed = await sql.run('conflict')`
      UPDATE factor SET confirmed_at = now(), gates_from = greatest(now(), ${gatesFrom}::timestamptz), last_step = ${BigInt(step)}
      WHERE id = ${factorId}::uuid AND confirmed_at IS NULL`;
    return changed === 1;
  },

  forgetPending: async (factorId) => {
    await orm.factor.deleteMany({ where: { id: factorId, confirmed_at: null } });
  },

  isNewCredential: async (credentialId) => {
    const row = await sql.row<{ isNew: boolean }>('function')`SELECT sluice_credential_is_new(${credentialId}::bytea) AS "isNew"`;
    return row?.isNew === true;
  },

  confirmPasskey: async (factorId, { credentialId, publicKey, rpId, signCount, authenticator }, gatesFrom) => {
    const changed = await sql.run('conflict')`
      UPDATE factor SET confirmed_at = now(), gates_from = greatest(now(), ${gatesFrom}::timestamptz), used_at = now(), challenge_hash = NULL,
        credential_id = ${credentialId}::bytea, public_key = ${publicKey}::bytea, rp_id = ${rpId}, sign_count = ${BigInt(signCount)}::bigint,
        authenticator = ${authenticator}::bytea
      WHERE id = ${factorId}::uuid AND kind = 'passkey' AND confirmed_at IS NULL`;
    return changed === 1;
  },

  usePasskey: async (factorId, signCount) => {
    const given = BigInt(signCount);
    const changed = await sql.run('conflict')`
      UPDATE factor SET used_at = now(), sign_count = ${given}::bigint
      WHERE id = ${factorId}::uuid AND kind = 'passkey' AND confirmed_at IS NOT NULL AND removed_at IS NULL
        AND (sign_count < ${given}::bigint OR sign_count = 0 AND ${given}::bigint = 0)`;
    return changed === 1;
  },

  remove: async (factorId) => {
    await orm.factor.update({ where: { id: factorId }, data: { removed_at: now, sealed: new Uint8Array() } });
  },
});
