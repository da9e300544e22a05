import type { RecoveryMode } from '../operations/ports.js';
import type { ReadinessPart, RowReader } from './deps.js';

const PATIENCE_MS = 2_000;

/** Asks each part that the API needs. A part that does not answer in two seconds is not ready. */
export const readinessOf = (sql: RowReader, recovery: RecoveryMode) => async (): Promise<ReadinessPart[]> => {
  const [database, memberships] = await Promise.all([
    answerOf(() => sql.rows('set')`SELECT 1 AS one`.then(() => null)),
    answerOf(() => membershipsProblem(sql)),
  ]);
  return [
    { name: 'database', problem: database },
    { name: 'memberships', problem: memberships },
    { name: 'recovery', problem: recovery.reason() },
  ];
};

/** A database of before migration 0032 lets nobody in until it is sealed, and to whoever signs in nothing says why (docs/adr/0075). */
const membershipsProblem = async (sql: RowReader): Promise<string | null> => {
  const [row] = await sql.rows<{ none: boolean }>('function')`SELECT sluice_no_membership_is_sealed() AS none`;
  return row?.none ? 'no member is sealed, so nobody can sign in; run: npm run operator -- seal' : null;
};

const answerOf = async (ask: () => Promise<string | null>): Promise<string | null> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((done) => {
    timer = setTimeout(() => done('it does not answer'), PATIENCE_MS);
  });
  const asked = ask().catch(() => 'it cannot be reached');
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
};
