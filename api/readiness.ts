import type { RecoveryMode } from '../operations/ports.js';
import type { ReadRows } from './books-probes.js';
import type { ReadinessPart } from './deps.js';

const PATIENCE_MS = 2_000;

/** Asks each part that the API needs. A part that does not answer in two seconds is not ready. */
export const readinessOf = (rows: ReadRows, recovery: RecoveryMode) => async (): Promise<ReadinessPart[]> => [
  { name: 'database', problem: await databaseProblem(rows) },
  { name: 'recovery', problem: recovery.reason() },
];

const databaseProblem = async (rows: ReadRows): Promise<string | null> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((done) => {
    timer = setTimeout(() => done('it does not answer'), PATIENCE_MS);
  });
  const asked = rows('SELECT 1 AS one').then(
    () => null,
    () => 'it can not be reached',
  );
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
};
