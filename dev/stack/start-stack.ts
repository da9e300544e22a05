import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromWireId } from '../../domain/ids.js';
import type { Argon2Cost } from '../../vault/credentials.js';
import { startEmbeddedPostgres } from '../postgres/embedded.js';
import { ensureLogins, type LoginUrls } from '../postgres/logins.js';
import { migrate } from '../postgres/migrate.js';
import { type SeedPlan, seed } from '../seed/seed.js';
import { findTemporalCli } from '../temporal/find-cli.js';
import { readTemporalSettings } from '../temporal/settings.js';
import { Crew } from './crew.js';
import { ensureElsewhere } from './elsewhere.js';
import { takeFolder } from './lock.js';
import { apiEnvironment, apiPlan, providerPlan, temporalPlan, type Wiring, workerEnvironment, workerPlan } from './part-plans.js';
import { makeFolders, placesIn } from './places.js';
import { choosePorts, type PortName, requireFree } from './ports.js';
import { runProcess } from './run-process.js';
import { type PartName, type StackState, writePrivately } from './state.js';
import type { StartPart } from './supervisor.js';

export interface StackOptions {
  dataDir: string;
  /** `usual`, nine in a row from a base, or free ones. */
  ports: 'usual' | 'free' | number;
  /** One line a step. */
  say: (line: string) => void;
  /** Environment on top, at every start of a part. */
  env?: Partial<Record<PartName, Record<string, string>>>;
  /** How the seeded connection reaches the provider; a short time-out makes short leases. */
  connection?: SeedPlan['connection'];
  argon2?: Argon2Cost;
  /** Breaks the start off. */
  signal?: AbortSignal;
  /** Server settings of the embedded Postgres. */
  postgres?: Readonly<Record<string, string>>;
}

export interface Stack {
  /** What stack.json holds, as of now. */
  state(): StackState;
  /** Signals a part's process; the supervision starts it again when it dies. */
  kill(part: PartName, signal: NodeJS.Signals): void;
  /** Stops a part and starts it again. `env` holds for this one start, so a failpoint strikes once. */
  restart(part: PartName, env?: Record<string, string>): Promise<void>;
  stopPart(part: PartName): Promise<void>;
  startPart(part: PartName, env?: Record<string, string>): Promise<void>;
  /** Stops everything in order: who asks before who answers. */
  stop(): Promise<void>;
}

const LOOPBACK = 'http://127.0.0.1';

/**
 * Starts the whole stack on one data folder and keeps it running. Resolves when everything serves. Throws AlreadyRunning,
 * or an Error that says what, why, how to mend it and which log to read; then nothing is left running.
 */
export const startStack = async (options: StackOptions): Promise<Stack> => {
  const places = placesIn(options.dataDir);
  const lock = await takeFolder(options.dataDir, options.say);
  let crew: Crew | null = null;
  try {
    makeFolders(places);
    const settings = readTemporalSettings();
    const { frontend: temporal, ui, metrics: temporal_metrics, http: temporal_http } = settings.ports;
    const ports = await choosePorts(options.ports, { temporal, ui, temporal_metrics, temporal_http });
    const own: Record<'postgres' | 'temporal', boolean> = { postgres: !process.env['DATABASE_URL'], temporal: !process.env['TEMPORAL_ADDRESS'] };
    const needed = (Object.entries(ports) as [PortName, number][]).filter(([name]) =>
      name === 'postgres' ? own.postgres : own.temporal || !['temporal', 'ui', 'temporal_metrics', 'temporal_http'].includes(name),
    );
    await requireFree(Object.fromEntries(needed));
    const secrets = readSecrets(places.secrets);
    const address = process.env['TEMPORAL_ADDRESS'] ?? `127.0.0.1:${ports.temporal}`;
    const namespace = own.temporal ? settings.namespace : (process.env['TEMPORAL_NAMESPACE'] ?? settings.namespace);
    const uiUrl = process.env['SLUICE_UI_URL'] ?? `${LOOPBACK}:${ports.ui}`;
    const step = timed(options.say);

    const running = new Crew(lock, places, ports);
    crew = running;
    options.signal?.addEventListener('abort', () => void running.stop(), { once: true });
    const begin = (name: PartName, start: StartPart): Promise<void> => running.begin(name, (extra) => start({ ...options.env?.[name], ...extra }));

    let ownerUrl = process.env['DATABASE_DIRECT_URL'] ?? process.env['DATABASE_URL'] ?? '';
    const startPostgres = (): Promise<void> =>
      begin('postgres', async () => {
        const server = await startEmbeddedPostgres({
          dataDir: places.postgres,
          port: ports.postgres,
          log: places.logs.postgres,
          settings: options.postgres ?? {},
        });
        ({ ownerUrl } = server);
        return { ...server, ready: Promise.resolve() };
      });
    const startTemporal = async (): Promise<void> => {
      const cli = await findTemporalCli(options.say);
      await begin('temporal', async (extra) => runProcess(temporalPlan(cli, settings, places, ports, extra)));
    };
    await Promise.all([
      step(own.postgres ? 'Postgres' : 'Postgres elsewhere', async () => {
        if (own.postgres) await startPostgres();
      }),
      step(own.temporal ? 'Temporal' : 'Temporal elsewhere', () => (own.temporal ? startTemporal() : ensureElsewhere(address, namespace, settings))),
    ]);
    await step('migrations', () => migrate(ownerUrl));
    const directLogins = await step('logins', () => ensureLogins(ownerUrl, places.logins));
    const logins = throughPool(directLogins, own.postgres ? ownerUrl : (process.env['DATABASE_URL'] ?? ownerUrl));
    const demo = await step('demo workspace', () =>
      seed({
        ownerUrl,
        keyFile: places.keyFile,
        demoFile: join(places.dataDir, 'demo.json'),
        provider: { baseUrl: `${LOOPBACK}:${ports.provider}`, ...secrets },
        connection: options.connection ?? { endpoint: 'bulk', settlement: 'async' },
        ...(options.argon2 ? { argon2: options.argon2 } : {}),
      }),
    );
    if (!fromWireId('connection', demo.connection_id)) throw new Error('demo.json names no connection; start anew: npm run reset');
    const wiring: Wiring = {
      places,
      ports,
      logins,
      directLogins,
      uiUrl,
      temporal: { address, namespace, env: own.temporal ? {} : temporalAccess() },
      provider: { ...secrets, webhookUrl: `${LOOPBACK}:${ports.api}/v1/inbound/sandbox/${demo.connection_id}` },
    };
    await Promise.all([
      step('sandbox provider', () => begin('provider', async (extra) => runProcess(providerPlan(wiring, extra)))),
      step('API', () => begin('api', async (extra) => runProcess(apiPlan(wiring, extra)))),
      step('worker', () => begin('worker', async (extra) => runProcess(workerPlan(wiring, extra)))),
    ]);
    const { workspace_id, live_workspace_id, connection_id, funding_account_id, api_key, people } = demo;
    const state: StackState = {
      data_dir: places.dataDir,
      started_at: new Date().toISOString(),
      api_url: `${LOOPBACK}:${ports.api}`,
      docs_url: `${LOOPBACK}:${ports.api}/docs`,
      ui_url: uiUrl,
      metrics_url: `${LOOPBACK}:${ports.worker}/metrics`,
      temporal_address: address,
      namespace,
      provider_url: `${LOOPBACK}:${ports.provider}`,
      provider_api_key: secrets.apiKey,
      ...{ workspace_id, live_workspace_id, connection_id, funding_account_id, api_key, people },
      processes: running.processes(),
      environment: { api: apiEnvironment(wiring), worker: workerEnvironment(wiring) },
      database: {
        owner_url: ownerUrl,
        api_url: directLogins.api,
        worker_url: directLogins.worker,
        relay_url: directLogins.relay,
        sequencer_url: directLogins.sequencer,
      },
    };
    const write = (): void => {
      state.processes = running.processes();
      writePrivately(places.stackFile, state);
    };
    write();
    running.changed = (line) => {
      options.say(line);
      write();
    };
    return {
      state: () => state,
      kill: (name, signal) => running.part(name).kill(signal),
      restart: async (name, env = {}) => {
        await running.part(name).stop();
        await running.part(name).start(env);
      },
      stopPart: (name) => running.part(name).stop(),
      startPart: (name, env = {}) => running.part(name).start(env),
      stop: () => running.stop(),
    };
  } catch (error) {
    await (crew ? crew.stop() : lock.release());
    throw error;
  }
};

const timed =
  (say: (line: string) => void) =>
  async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const started = Date.now();
    const result = await work();
    say(`${name.padEnd(18)} ${((Date.now() - started) / 1_000).toFixed(1)} s`);
    return result;
  };

/** The login URLs by way of a transaction pool, when DATABASE_URL is one. */
const throughPool = (logins: LoginUrls, poolUrl: string): LoginUrls => {
  const pool = new URL(poolUrl);
  return Object.fromEntries(
    PROCESS_NAMES.map((name) => {
      const url = new URL(logins[name]);
      url.host = pool.host;
      url.search = pool.search;
      return [name, url.href];
    }),
  ) as LoginUrls;
};

const PROCESS_NAMES = ['api', 'worker', 'relay', 'sequencer'] as const;

const temporalAccess = (): Record<string, string> =>
  Object.fromEntries(['TEMPORAL_TLS', 'TEMPORAL_API_KEY'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));

const readSecrets = (file: string): { apiKey: string; webhookSecret: string } => {
  if (!existsSync(file))
    writePrivately(file, { apiKey: `provider_${randomBytes(18).toString('hex')}`, webhookSecret: `whsec_${randomBytes(32).toString('base64')}` });
  return JSON.parse(readFileSync(file, 'utf8')) as { apiKey: string; webhookSecret: string };
};
