import pg from 'pg';
import { dataDirectory } from '../commands/mount.js';
import { supervisorOf } from '../stack/lock.js';
import { placesIn } from '../stack/places.js';
import { readState, type StackState } from '../stack/state.js';

/** One thing that was looked at. */
export interface Check {
  part: string;
  ok: boolean;
  /** What was found; for a problem, how to mend it. */
  detail: string;
}

const PATIENCE_MS = 5_000;

/** The environment that the processes of the local stack run with; empty when none was started here. */
export const localEnvironment = (): StackState['environment'] =>
  readState(placesIn(dataDirectory()).stackFile)?.environment ?? { api: {}, worker: {} };

/** Looks at each part of the local stack; nothing when none was started here. */
export const localChecks = async (): Promise<Check[]> => {
  const dataDir = dataDirectory();
  const state = readState(placesIn(dataDir).stackFile);
  if (!state) return [];
  const supervisor = supervisorOf(dataDir);
  return [
    { part: 'stack', ok: supervisor !== null, detail: supervisor ? `process ${supervisor.pid}, data in ${dataDir}` : 'it does not run: npm start' },
    ...Object.entries(state.processes).map(([name, part]) => ({
      part: `process ${name}`,
      ok: supervisor !== null && part?.pid !== null,
      detail: supervisor && part?.pid ? `process ${part.pid}, port ${part.port}, log ${part.log}` : `down; read ${part?.log}`,
    })),
    ...(await Promise.all([
      postgresCheck(state),
      httpCheck('worker', state.metrics_url.replace(/metrics$/, 'readyz')),
      httpCheck('provider', `${state.provider_url}/healthz`),
      httpCheck('Temporal UI', state.ui_url),
    ])),
  ];
};

const httpCheck = async (part: string, url: string): Promise<Check> => {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
  if (!answer) return { part, ok: false, detail: `${url} does not answer` };
  return { part, ok: answer.ok, detail: answer.ok ? url : (await answer.text()).slice(0, 300) };
};

/** Money is safe only when what was committed is on the disk (R15). */
const postgresCheck = async ({ database }: StackState): Promise<Check> => {
  const client = new pg.Client({ connectionString: database.owner_url, connectionTimeoutMillis: PATIENCE_MS });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; fsync: string; commit: string; privileged: boolean }>(
      `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
         (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS privileged`,
    );
    const [found] = rows;
    if (!found) return { part: 'postgres', ok: false, detail: 'no answer' };
    if (found.fsync !== 'on' || found.commit === 'off')
      return { part: 'postgres', ok: false, detail: 'fsync or synchronous_commit is off: what was paid can be forgotten. Turn both on.' };
    if (found.privileged)
      return { part: 'postgres', ok: false, detail: 'the owner is a superuser or bypasses row-level security: give DATABASE_URL an ordinary role' };
    return { part: 'postgres', ok: true, detail: `Postgres ${found.version}, durable, owner without privileges` };
  } catch (error) {
    return { part: 'postgres', ok: false, detail: `it can't be reached: ${(error as Error).message}` };
  } finally {
    await client.end().catch(() => {});
  }
};
