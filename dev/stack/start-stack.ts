import { writePrivateJson } from '../../cli/identity/private-file.js';
import type { Argon2Cost } from '../../vault/credentials.js';
import { takeFolder } from '../data-folder/lock.js';
import { placesIn } from '../data-folder/places.js';
import type { Demo, PartName, StackState } from '../data-folder/state.js';
import { mailSecrets } from '../mail-server/secrets.js';
import type { SeedPlan } from '../seed/seed.js';
import { apiEnvironment, apiPlan, mailPlan, providerPlan, type Wiring, workerEnvironment, workerPlan } from './part-plans.js';
import { prepareDatabase } from './prepare-database.js';
import { runProcess } from './run-process.js';
import { chooseSite, LOOPBACK, type Site } from './site.js';
import { startServers } from './start-servers.js';
import { type Step, timed } from './step.js';
import { type Begin, SupervisedProcesses } from './supervisor.js';

export interface StackOptions {
  dataDir: string;
  /** The usual ports, twelve consecutive ones from a number, or free ones. */
  ports: 'usual' | 'free' | number;
  /** Called with one line per step. */
  say: (line: string) => void;
  /** Extra environment for every start of a part. */
  env?: Partial<Record<PartName, Record<string, string>>>;
  /** Settings of the seeded rail connection; a short time-out makes short leases. */
  connection?: SeedPlan['connection'];
  argon2?: Argon2Cost;
  /** Cancels the start. */
  signal?: AbortSignal;
  /** A given Postgres, instead of the one of DATABASE_URL. */
  databaseUrl?: string;
  /** Server settings of the embedded Postgres. */
  postgres?: Readonly<Record<string, string>>;
}

export interface Stack {
  /** The present content of stack.json. */
  state(): StackState;
  /** Signals the process of a part; when that ends it, the part starts again. */
  kill(part: PartName, signal: NodeJS.Signals): void;
  /** Stops a part and starts it again. `env` is for this start only, so a failpoint takes effect once. */
  restart(part: PartName, env?: Record<string, string>): Promise<void>;
  stopPart(part: PartName): Promise<void>;
  startPart(part: PartName, env?: Record<string, string>): Promise<void>;
  /** Stops everything in order: clients before the servers that they call. */
  stop(): Promise<void>;
}

/**
 * Starts the whole stack on one data folder and keeps it running: servers, database, then processes. Resolves when everything is
 * ready. Throws AlreadyRunning, or an Error that says what failed, why, how to fix it and which log to read; then nothing still runs.
 */
export const startStack = async (options: StackOptions): Promise<Stack> => {
  const places = placesIn(options.dataDir);
  const lock = await takeFolder(options.dataDir, options.say);
  let processes: SupervisedProcesses | null = null;
  try {
    const site = await chooseSite(places, options.ports, options.databaseUrl);
    const supervised = new SupervisedProcesses(lock, places, site.ports);
    processes = supervised;
    return await Promise.race([bringUp(supervised, site, options), cancelled(options.signal)]);
  } catch (error) {
    await (processes ? processes.stop() : lock.unlock());
    throw error;
  }
};

const bringUp = async (processes: SupervisedProcesses, site: Site, options: StackOptions): Promise<Stack> => {
  const places = placesIn(options.dataDir);
  const begin: Begin = (name, start) => processes.begin(name, (extra) => start({ ...options.env?.[name], ...extra }));
  const step = timed(options.say);

  const { ownerUrl } = await startServers(site, { begin, step, say: options.say, postgres: options.postgres });
  const connection = options.connection ?? { endpoint: 'bulk', settlement: 'async' };
  const { logins, directLogins, demo, provider } = await prepareDatabase(site, ownerUrl, {
    step,
    say: options.say,
    connection,
    argon2: options.argon2,
  });
  const webhookUrl = `${LOOPBACK}:${site.ports.api}/v1/inbound/sandbox/${demo.connection_id}`;
  const { ports, temporal, uiUrl } = site;
  const mail = mailSecrets(places.mailSecrets);
  const wiring: Wiring = { places, ports, logins, directLogins, uiUrl, temporal, provider: { ...provider, webhookUrl }, mail };
  await startProcesses(wiring, begin, step);
  return handle(processes, describeStack(wiring, demo, ownerUrl, processes), places.stackFile, options.say);
};

/** Rejects when the start is cancelled, so that nobody waits for steps that take minutes, such as a download. */
const cancelled = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => {
    const cancel = (): void => reject(new Error('the start was cancelled'));
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
  });

const startProcesses = async (wiring: Wiring, begin: Begin, step: Step): Promise<void> => {
  await Promise.all([
    step('sandbox provider', () => begin('provider', async (extra) => runProcess(providerPlan(wiring, extra)))),
    step('mail server', () => begin('mail', async (extra) => runProcess(mailPlan(wiring, extra)))),
    step('API', () => begin('api', async (extra) => runProcess(apiPlan(wiring, extra)))),
    step('worker', () => begin('worker', async (extra) => runProcess(workerPlan(wiring, extra)))),
  ]);
};

/** The stack's handle, which writes stack.json now and after every change. */
const handle = (processes: SupervisedProcesses, state: StackState, stackFile: string, say: (line: string) => void): Stack => {
  const write = (): void => {
    state.processes = processes.processes();
    writePrivateJson(stackFile, state);
  };
  write();
  processes.changed = (line) => {
    say(line);
    write();
  };
  return {
    state: () => state,
    kill: (name, signal) => processes.part(name).kill(signal),
    restart: async (name, env = {}) => {
      await processes.part(name).stop();
      await processes.part(name).start(env);
    },
    stopPart: async (name) => {
      await processes.part(name).stop();
      write();
    },
    startPart: (name, env = {}) => processes.part(name).start(env),
    stop: () => processes.stop(),
  };
};

/** The content of stack.json. */
const describeStack = (wiring: Wiring, demo: Demo, ownerUrl: string, processes: SupervisedProcesses): StackState => {
  const { places, ports, temporal, directLogins } = wiring;
  const { workspace_id, live_workspace_id, connection_id, funding_account_id, api_key, people } = demo;
  return {
    data_dir: places.dataDir,
    started_at: new Date().toISOString(),
    api_url: `${LOOPBACK}:${ports.api}`,
    docs_url: `${LOOPBACK}:${ports.api}/docs`,
    ui_url: wiring.uiUrl,
    metrics_url: `${LOOPBACK}:${ports.worker}/metrics`,
    api_metrics_url: `${LOOPBACK}:${ports.api_health}/metrics`,
    temporal_address: temporal.address,
    namespace: temporal.namespace,
    provider_url: `${LOOPBACK}:${ports.provider}`,
    provider_api_key: wiring.provider.apiKey,
    mail_url: `${LOOPBACK}:${ports.mailbox}/${wiring.mail.pageKey}/`,
    ...{ workspace_id, live_workspace_id, connection_id, funding_account_id, api_key, people },
    processes: processes.processes(),
    environment: { api: apiEnvironment(wiring), worker: workerEnvironment(wiring) },
    database: {
      owner_url: ownerUrl,
      api_url: directLogins.api,
      worker_url: directLogins.worker,
      relay_url: directLogins.relay,
      sequencer_url: directLogins.sequencer,
    },
  };
};
