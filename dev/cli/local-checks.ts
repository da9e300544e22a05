import type pg from 'pg';
import { type Check, type Durability, judgeClock, judgeDurability } from '../../cli/doctor/findings.js';
import { supervisorOf } from '../data-folder/lock.js';
import { placesIn } from '../data-folder/places.js';
import { readState, type StackState } from '../data-folder/state.js';
import { withClient } from '../postgres/with-client.js';
import { dataDirectory } from './local-stack.js';

const PATIENCE_MS = 5_000;

/** The environment that the processes of the local stack run with; empty when none was started here. */
export const localEnvironment = (): StackState['environment'] =>
  readState(placesIn(dataDirectory()).stackFile)?.environment ?? { api: {}, worker: {} };

/** Checks each part of the local stack; no checks when none was started here. */
export const localChecks = async (): Promise<Check[]> => {
  const dataDir = dataDirectory();
  const state = readState(placesIn(dataDir).stackFile);
  if (!state) return [];
  const supervisor = supervisorOf(dataDir);
  // A stopped stack is one problem, not one per part.
  if (!supervisor) return [{ part: 'stack', ok: false, detail: `it does not run; start it: npm start (data in ${dataDir})` }];
  return [
    { part: 'stack', ok: true, detail: `process ${supervisor.pid}, data in ${dataDir}` },
    ...Object.entries(state.processes).map(([name, part]) => ({
      part: `process ${name}`,
      ok: part?.pid !== null,
      detail: part?.pid ? `process ${part.pid}, port ${part.port}, log ${part.log}` : `it is down; read ${part?.log}`,
    })),
    ...(await databaseChecks(state)),
    ...(await Promise.all([
      httpCheck('worker', state.metrics_url.replace(/metrics$/, 'readyz')),
      httpCheck('API metrics', state.api_metrics_url),
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

/** The database: it answers, its owner has no privileges, its clock is right, and it keeps what it commits (R15, R24). */
const databaseChecks = async ({ database, processes }: StackState): Promise<Check[]> => {
  try {
    const { row: owner } = await ask<{ version: string; privileged: boolean }>(
      database.owner_url,
      `SELECT current_setting('server_version') AS version, rolsuper OR rolbypassrls AS privileged FROM pg_roles WHERE rolname = current_user`,
    );
    // Asked as the worker, whose commits move the money, because a role may have its own settings.
    const { row: found, ...times } = await ask<Durability & { now_ms: number }>(
      database.worker_url,
      `SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
         current_setting('synchronous_commit') AS synchronous_commit, extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms`,
    );
    if (!owner || !found) return [{ part: 'postgres', ok: false, detail: 'no answer' }];
    const durability = judgeDurability(found, processes.postgres ? 'embedded' : 'given');
    return [
      owner.privileged
        ? { part: 'postgres', ok: false, detail: 'the owner is a superuser or bypasses row-level security: give DATABASE_URL an ordinary role' }
        : { part: 'postgres', ok: true, detail: `Postgres ${owner.version}, ${durability.length ? '' : 'durable, '}owner without privileges` },
      ...durability,
      judgeClock('database clock', 'the database', { ...times, said: found.now_ms, resolutionMs: 0 }),
    ];
  } catch (error) {
    return [{ part: 'postgres', ok: false, detail: `it can't be reached: ${(error as Error).message}` }];
  }
};

/** The first row, with the times (Unix ms) of question and answer. */
const ask = <Row extends pg.QueryResultRow>(url: string, statement: string) =>
  withClient({ connectionString: url, connectionTimeoutMillis: PATIENCE_MS }, async (client) => {
    const askedAt = Date.now();
    const { rows } = await client.query<Row>(statement);
    return { row: rows[0], askedAt, answeredAt: Date.now() };
  });
