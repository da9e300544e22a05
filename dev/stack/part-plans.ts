import { join } from 'node:path';
import { type Places, ROOT } from '../data-folder/places.js';
import { type MailSecrets, SMTP_USER } from '../mail-server/secrets.js';
import type { LoginUrls } from '../postgres/logins.js';
import { ensureNamespace } from '../temporal/ensure-namespace.js';
import { serverFlags, type TemporalSettings } from '../temporal/settings.js';
import type { Ports } from './ports.js';
import { answers, type ProcessPlan } from './run-process.js';
import { LOOPBACK } from './site.js';

const READY_MS = 60_000;

/** The addresses and secrets that the processes get. */
export interface Wiring {
  places: Places;
  ports: Ports;
  logins: LoginUrls;
  /** The same logins without a transaction pool. */
  directLogins: LoginUrls;
  temporal: { address: string; namespace: string; env: Record<string, string> };
  provider: { apiKey: string; webhookSecret: string; webhookUrl: string };
  mail: MailSecrets;
  uiUrl: string;
}

/** No process of the service gets the owner's URL, and Temporal's settings come from temporal-dev.yaml alone. */
const WITHHELD = /^(DATABASE_|MIGRATE_DATABASE_|TEMPORAL_|NODE_OPTIONS$|SLUICE_FAILPOINT$|SLUICE_DATA_DIR$)/;
const ordinary = (): Record<string, string | undefined> => Object.fromEntries(Object.entries(process.env).filter(([name]) => !WITHHELD.test(name)));

const node = (name: 'provider' | 'mail' | 'worker' | 'api', file: string, places: Places, flags: string[] = []) => ({
  name,
  command: process.execPath,
  args: [...flags, '--import', 'tsx', '--enable-source-maps', file],
  cwd: ROOT,
  log: places.logs[name],
});

const shared = ({ places }: Wiring) => ({ SLUICE_KEY_FILE: places.keyFile, SLUICE_CHECKPOINT_DIR: places.checkpoints });

/** The worker's environment on top of the ordinary one. */
export const workerEnvironment = (wiring: Wiring): Record<string, string> => ({
  ...shared(wiring),
  TEMPORAL_ADDRESS: wiring.temporal.address,
  TEMPORAL_NAMESPACE: wiring.temporal.namespace,
  ...wiring.temporal.env,
  SLUICE_WORKER_DATABASE_URL: wiring.logins.worker,
  SLUICE_RELAY_DATABASE_URL: wiring.logins.relay,
  SLUICE_SEQUENCER_DATABASE_URL: wiring.logins.sequencer,
  SLUICE_RELAY_DIRECT_URL: wiring.directLogins.relay,
  SLUICE_SEQUENCER_DIRECT_URL: wiring.directLogins.sequencer,
  SLUICE_HEALTH_PORT: String(wiring.ports.worker),
  SLUICE_SMTP_URL: `smtp://${SMTP_USER}:${wiring.mail.password}@127.0.0.1:${wiring.ports.mail}`,
  SLUICE_MAIL_FROM: 'no-reply@demo.example',
  SLUICE_PUBLIC_URL: `${LOOPBACK}:${wiring.ports.api}`,
});

export const workerPlan = (wiring: Wiring, extra: Record<string, string>): ProcessPlan => ({
  // With V8's default of 16 MiB, chunks in flight outlive the young generation. Collecting them inside it saves a quarter of the CPU.
  ...node('worker', 'worker/dev.ts', wiring.places, ['--max-semi-space-size=64']),
  graceMs: 4_000,
  env: { ...ordinary(), ...workerEnvironment(wiring), ...extra },
  ready: answers(`${LOOPBACK}:${wiring.ports.worker}/readyz`, READY_MS, onlyRecovers),
});

/** A worker in recovery mode is never ready, but it has started. */
const onlyRecovers = (body: string): boolean => {
  const parts = (JSON.parse(body || '{}') as { parts?: Record<string, string | null> }).parts ?? {};
  const problems = Object.entries(parts).filter(([, problem]) => problem !== null);
  return problems.length > 0 && problems.every(([name]) => name === 'recovery');
};

/** Everybody at a local stack comes from one address. */
const LOCAL_RATES = JSON.stringify({ sign_in: { network: '1200/60' }, reset: { network: '600/600' }, token: { network: '6000/60' } });

export const apiEnvironment = (wiring: Wiring): Record<string, string> => ({
  ...shared(wiring),
  TEMPORAL_NAMESPACE: wiring.temporal.namespace,
  SLUICE_API_DATABASE_URL: wiring.logins.api,
  SLUICE_API_DIRECT_URL: wiring.directLogins.api,
  SLUICE_API_PORT: String(wiring.ports.api),
  SLUICE_API_HEALTH_PORT: String(wiring.ports.api_health),
  SLUICE_CODEC_PORT: String(wiring.ports.codec),
  SLUICE_UI_URL: wiring.uiUrl,
  SLUICE_SPOOL_DIR: wiring.places.spool,
  SLUICE_COOKIES: 'loopback',
  SLUICE_RATES: process.env['SLUICE_RATES'] ?? LOCAL_RATES,
});

export const apiPlan = (wiring: Wiring, extra: Record<string, string>): ProcessPlan => ({
  ...node('api', 'api/dev.ts', wiring.places),
  graceMs: 2_500,
  env: { ...ordinary(), ...apiEnvironment(wiring), ...extra },
  // In recovery mode the API has started but is not ready.
  ready: answers(`${LOOPBACK}:${wiring.ports.api}/healthz`, READY_MS),
});

export const providerPlan = ({ places, ports, provider }: Omit<Wiring, 'logins' | 'directLogins'>, extra: Record<string, string>): ProcessPlan => ({
  ...node('provider', 'dev/sandbox-provider/main.ts', places),
  graceMs: 1_000,
  env: {
    ...ordinary(),
    PROVIDER_PORT: String(ports.provider),
    PROVIDER_DATA_DIR: places.provider,
    PROVIDER_API_KEY: provider.apiKey,
    PROVIDER_WEBHOOK_SECRET: provider.webhookSecret,
    PROVIDER_WEBHOOK_URL: provider.webhookUrl,
    ...extra,
  },
  ready: answers(`${LOOPBACK}:${ports.provider}/healthz`, READY_MS),
});

export const mailPlan = ({ places, ports, mail }: Pick<Wiring, 'places' | 'ports' | 'mail'>, extra: Record<string, string>): ProcessPlan => ({
  ...node('mail', 'dev/mail-server/main.ts', places),
  graceMs: 1_000,
  env: {
    ...ordinary(),
    MAIL_SMTP_PORT: String(ports.mail),
    MAIL_PAGE_PORT: String(ports.mailbox),
    MAIL_DIR: places.mail,
    MAIL_PASSWORD: mail.password,
    MAIL_PAGE_KEY: mail.pageKey,
    ...extra,
  },
  ready: answers(`${LOOPBACK}:${ports.mailbox}/healthz`, READY_MS),
});

export const temporalPlan = (cli: string, settings: TemporalSettings, places: Places, ports: Ports, extra: Record<string, string>): ProcessPlan => ({
  name: 'temporal',
  command: cli,
  args: serverFlags(settings, {
    stateFile: places.temporalState,
    ports: { frontend: ports.temporal, ui: ports.ui, metrics: ports.temporal_metrics, http: ports.temporal_http },
    codecEndpoint: `${LOOPBACK}:${ports.codec}`,
  }),
  env: { ...ordinary(), TEMPORAL_ENV_FILE: join(places.dataDir, 'temporal', 'none'), ...extra },
  cwd: ROOT,
  log: places.logs.temporal,
  graceMs: 1_500,
  ready: (alive) => ensureNamespace(`127.0.0.1:${ports.temporal}`, settings, alive),
});
