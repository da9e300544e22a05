import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ApiConfig } from '../config/api.js';
import { credentialDirectory } from '../db/credential-directory.js';
import { emailLinkQueue } from '../db/email-links.js';
import { invitationDirectory } from '../db/invitations.js';
import { operatorDirectory } from '../db/operator-directory.js';
import { personEventQueue } from '../db/person-events.js';
import { openRateCounters } from '../db/rate-counters.js';
import { openDatabase } from '../db/transaction/open.js';
import { tenantTransactions } from '../db/transaction/tenant.js';
import { recoveryFacts } from '../db/tree-heads.js';
import { RATE_CLASSES, RATE_SUBJECTS } from '../domain/rates.js';
import type { PublicContext } from '../operations/context.js';
import { issueLinks } from '../operations/email-link/issue.js';
import type { Failpoint, Services } from '../operations/ports.js';
import { comparisons } from '../operations/recovery/check.js';
import { watchRecovery } from '../operations/recovery/watch.js';
import { openRails } from '../rails/registry.js';
import { serveHealth } from '../telemetry/health.js';
import { createLogger } from '../telemetry/logger.js';
import { createMetrics } from '../telemetry/metrics.js';
import { sharedReading } from '../telemetry/shared-reading.js';
import { nextSpan, parseTraceparent } from '../telemetry/trace.js';
import { openCheckpointFolder } from '../vault/checkpoint-folder.js';
import { openCheckpointSigner } from '../vault/checkpoint-signer.js';
import { openCredentials } from '../vault/credentials.js';
import { systemEntropy } from '../vault/entropy.js';
import { openGateKey } from '../vault/gate-key.js';
import { readKeyFile } from '../vault/key-file.js';
import { openMailSeal } from '../vault/mail-seal.js';
import { openVault } from '../vault/open-vault.js';
import { openPayloadCodec } from '../vault/payload-codec.js';
import { openRateKey } from '../vault/rate-key.js';
import { requestSignatures } from '../vault/request-signatures.js';
import { sha256 } from '../vault/sha256.js';
import { createApp } from './app.js';
import { booksProbes } from './books-probes.js';
import { codecServer } from './codec.js';
import type { ApiDeps } from './deps.js';
import { docsPage } from './docs-page.js';
import { listenForLeaves } from './events/leaf-listener.js';
import { handOn } from './hand-on.js';
import { drain, listen } from './listen.js';
import { hashingProbes, personEventProbe } from './password-probes.js';
import { leasing } from './rates/leases.js';
import { rateTables } from './rates/tables.js';
import { readinessOf } from './readiness.js';
import { allHandlers } from './routes/all.js';
import { SIGNATURE_RESULTS } from './signature-result.js';
import { systemClock } from './system-clock.js';

/** The Web UI of Temporal's development server. */
const UI_URL = 'http://127.0.0.1:8233';
/** ms. Whoever can reach the API may ask for its readiness, which asks the database. */
const READINESS_FRESH_MS = 500;
/** ms. While the database does not answer, every process counts requests by itself. */
const RATES_PATIENCE_MS = 1_000;

/** All calls of machines that a workspace may ask to be signed. The aim is that every one is verified. */
const SIGNED_REQUESTS = {
  name: 'sluice_signed_requests_total',
  help: 'Calls by API keys that change something, by what became of their signature; unsigned ones passed, where none is asked for',
  labels: { result: SIGNATURE_RESULTS },
};

/** What development and production decide differently. */
export interface ServeOptions {
  failpoint: Failpoint;
}

export interface RunningApi {
  url: string;
  /** The port of `/healthz`, `/readyz` and `/metrics`, on loopback. */
  healthPort: number;
  /** Null when the configuration asks for no codec endpoint. */
  codecUrl: string | null;
  /** Stops accepting, lets requests in flight finish (for up to 8 s), closes everything. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Runs the API until `stop`. It starts without the database: requests then fail and `/readyz` says why. Throws when the key
 * file is missing or a port is taken.
 */
export const serveApi = async (config: ApiConfig, { failpoint }: ServeOptions): Promise<RunningApi> => {
  const logger = createLogger('api', config.LOG_LEVEL);
  const keyFile = readKeyFile(config.SLUICE_KEY_FILE);
  mkdirSync(config.SLUICE_SPOOL_DIR, { recursive: true, mode: 0o700 });
  const database = openDatabase(config.SLUICE_API_DATABASE_URL, config.SLUICE_API_CONNECTIONS);
  const metrics = createMetrics('api', (name, error) => logger.warn({ err: error, metric: name }, 'a figure could not be read'));
  for (const probe of booksProbes(database.sql)) metrics.addProbe(probe);

  const signer = openCheckpointSigner(keyFile);
  const archive = openCheckpointFolder(config.SLUICE_CHECKPOINT_DIR, signer.verifierKey);
  const recovery = watchRecovery(
    comparisons(async () => ({ ...(await recoveryFacts(database)), sha256, archive, keyFileInstallationId: keyFile.installationId })),
    {
      onProblem: (error) => logger.warn({ err: error }, 'the database is not compared with its published checkpoints yet'),
      onRecovery: (reason) => logger.error({ reason }, 'recovery mode: nothing is decided'),
    },
  );
  const credentials = openCredentials(keyFile, {
    hashing: { atOnce: config.SLUICE_PASSWORDS_AT_ONCE, waitingMax: config.SLUICE_PASSWORDS_WAITING },
  });
  for (const probe of hashingProbes(credentials.hashing)) metrics.addProbe(probe);
  const services: Services = {
    sha256,
    entropy: systemEntropy,
    vault: openVault(keyFile, systemEntropy),
    credentials,
    factorRestMs: config.SLUICE_FACTOR_REST_HOURS * 3_600_000,
    gateKey: openGateKey(keyFile),
    mailSeal: openMailSeal(keyFile),
    requestSignatures,
    rails: openRails(),
    signer,
    recovery,
    failpoint,
  };
  const directory = credentialDirectory(database);
  const operators = operatorDirectory(database);
  const personEvents = personEventQueue(database);
  metrics.addProbe(personEventProbe(personEvents));
  const emailLinks = emailLinkQueue(database);
  const invitations = invitationDirectory(database);
  const publicContext = (requestId: string): PublicContext => ({
    requestId,
    directory,
    operators,
    personEvents,
    emailLinks,
    invitations,
    services,
    enter: (tenantId, mode, actor) => ({
      tenantId,
      mode,
      actor,
      requestId,
      services,
      inTenant: tenantTransactions(database, { tenantId, actor, requestId }),
    }),
  });

  const draining = new AbortController();
  const leaves = listenForLeaves(config.SLUICE_API_DIRECT_URL ?? config.SLUICE_API_DATABASE_URL, {
    onProblem: (error) => logger.warn({ err: error }, 'the listening connection was lost'),
    // Putting another database back ends the connections first, so a lost connection may mean another database.
    onLost: () => recovery.compareAgain(),
  });
  const counters = openRateCounters({
    url: config.SLUICE_API_DATABASE_URL,
    patienceMs: RATES_PATIENCE_MS,
    nameOf: openRateKey(keyFile),
    onLost: (error) =>
      logger.warn({ err: error }, 'the database does not count requests: this process counts by itself, and limits hold for it alone'),
    onFound: () => logger.info('the database counts requests again'),
  });
  metrics.addProbe({
    name: 'sluice_rates_counted_alone',
    help: '1 while this process counts requests by itself because the database does not',
    read: async () => [{ value: counters.isLost() ? 1 : 0 }],
  });
  const handingOn = handOn(personEvents.deliver, systemClock, (error) => logger.warn({ err: error }, 'events of people are not in the logs yet'));
  const writeLinks = async (): Promise<number> => {
    const found = await issueLinks(emailLinks, services, () => new Date());
    if (found > 0) handingOn.wake();
    return found;
  };
  const writingLinks = handOn(writeLinks, systemClock, (error) => logger.warn({ err: error }, 'letters with links are not written yet'));
  const readiness = sharedReading(READINESS_FRESH_MS, readinessOf(database.sql, recovery));
  const countSigned = metrics.addCounter(SIGNED_REQUESTS);
  const countRefusedKey = metrics.addCounter({
    name: 'sluice_api_keys_refused_total',
    help: 'Requests with an API key that were refused for where they came from',
    labels: { code: ['network_not_allowed'] },
  });
  const deps: ApiDeps = {
    logger,
    directory,
    hashToken: (token) => credentials.hashToken(token),
    publicContext,
    rates: {
      tableOf: rateTables(config.SLUICE_RATES, config.SLUICE_PLAN_RATES, config.SLUICE_WORKSPACE_RATES),
      take: leasing(counters, systemClock.now),
      onRefused: metrics.addCounter({
        name: 'sluice_requests_rate_limited_total',
        help: 'Requests that were refused because there were too many, by class and by what was counted',
        labels: { class: RATE_CLASSES, by: RATE_SUBJECTS },
      }),
    },
    readiness,
    observeHttp: metrics.observeHttp,
    countRefusedKey: (code) => countRefusedKey({ code }),
    countSigned: (result) => countSigned({ result }),
    publicUrl: config.SLUICE_PUBLIC_URL ?? null,
    trace: (traceparent, requestId) => nextSpan(parseTraceparent(traceparent), requestId),
    newRequestId: () => `req_${systemEntropy.newId().replaceAll('-', '')}`,
    leaves,
    personEvents: handingOn,
    emailLinks: writingLinks,
    clock: systemClock,
    spoolDir: config.SLUICE_SPOOL_DIR,
    cookies: config.SLUICE_COOKIES,
    draining: draining.signal,
    trustedProxies: config.SLUICE_TRUSTED_PROXIES ?? [],
    docs: docsPage(),
    webUiUrl: config.SLUICE_UI_URL ? `${config.SLUICE_UI_URL}/namespaces/${config.TEMPORAL_NAMESPACE}` : null,
    securityContact: config.SLUICE_SECURITY_CONTACT,
  };

  const server = createServer(createApp(deps, allHandlers(deps)));
  const url = await listen(server, config.SLUICE_API_HOST, config.SLUICE_API_PORT);
  const codec =
    config.SLUICE_CODEC_PORT === 0
      ? null
      : codecServer({ decode: openPayloadCodec(keyFile, config.TEMPORAL_NAMESPACE).decode, uiUrl: config.SLUICE_UI_URL ?? UI_URL });
  const codecUrl = codec && (await listen(codec, '127.0.0.1', config.SLUICE_CODEC_PORT));
  const health = await serveHealth({
    port: config.SLUICE_API_HEALTH_PORT,
    readiness: async () => ({
      ...Object.fromEntries((await readiness()).map(({ name, problem }) => [name, problem])),
      ...(draining.signal.aborted ? { process: 'it is shutting down' } : {}),
    }),
    metrics: metrics.scrape,
  });
  logger.info({ url, health: health.port, codec: codecUrl }, 'the API is listening');

  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    logger.info('the API is draining');
    draining.abort();
    await Promise.all([drain(server), codec && drain(codec, 0)]);
    await health.close();
    recovery.stop();
    await writingLinks.stop();
    await Promise.all([leaves.close(), handingOn.stop(), counters.close()]);
    await database.close();
    logger.info('the API has stopped');
  };
  return {
    url,
    healthPort: health.port,
    codecUrl,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
};
