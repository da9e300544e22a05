import type { RecoveryMode } from '../operations/ports.js';
import type { ReadinessPart, RowReader } from './deps.js';

const PATIENCE_MS = 2_000;

/** Asks each part that the API needs. A part that does not answer in two seconds is not ready. */
export const readinessOf = (sql: RowReader, recovery: RecoveryMode) => async (): Promise<ReadinessPart[]> => [
  { name: 'database', problem: await databaseProblem(sql) },
  { name: 'recovery', problem: recovery.reason() },
];

const databaseProblem = async (sql: RowReader): Promise<string | null> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((done) => {
    timer = setTimeout(() => done('it does not answer'), PATIENCE_MS);
  });
  const asked = sql.rows('set')`SELECT 1 AS one`.then(
    () => null,
    () => 'it cannot be reached',
  );
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
};
