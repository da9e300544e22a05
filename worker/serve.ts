import type { ActivityDeps } from '../activities/deps.js';
import type { WorkerConfig } from '../config/worker.js';
import { openRelayStore, tenantsToDrain } from '../db/relay.js';
import { sequencingStore } from '../db/sequencing.js';
import { openDatabase } from '../db/transaction/open.js';
import { recoveryFacts } from '../db/tree-heads.js';
import { FACTOR_REST_HOURS } from '../domain/second-factor.js';
import { openPostman } from '../mail/postman.js';
import { reportStalledRun } from '../operations/batch-run/report-stalled.js';
import type { Failpoint, Services } from '../operations/ports.js';
import { comparisons } from '../operations/recovery/check.js';
import { watchRecovery } from '../operations/recovery/watch.js';
import { openRails } from '../rails/registry.js';
import { MAIL_FATES } from '../relay/mail.js';
import { REDRIVE_REASONS } from '../relay/reconcile.js';
import { runRelay } from '../relay/run.js';
import { batchWorkflows } from '../relay/workflows.js';
import { serveHealth } from '../telemetry/health.js';
import { createLogger } from '../telemetry/logger.js';
import { createMetrics } from '../telemetry/metrics.js';
import { openCheckpointFolder } from '../vault/checkpoint-folder.js';
import { openCheckpointSigner } from '../vault/checkpoint-signer.js';
import { openCredentials } from '../vault/credentials.js';
import { systemEntropy } from '../vault/entropy.js';
import { openGateKey } from '../vault/gate-key.js';
import { readKeyFile } from '../vault/key-file.js';
import { openMailSeal } from '../vault/mail-seal.js';
import { openMembershipKey } from '../vault/membership-key.js';
import { openVault } from '../vault/open-vault.js';
import { openPasskeys } from '../vault/passkeys.js';
import { openPayloadCodec } from '../vault/payload-codec.js';
import { requestSignatures } from '../vault/request-signatures.js';
import { sha256 } from '../vault/sha256.js';
import { contexts } from './contexts.js';
import { workerProbes } from './probes.js';
import { executeRequests } from './request-of.js';
import { connectWorkers, installRuntime, lazyClient } from './temporal.js';
import { createWorkers } from './workers.js';

/** What the composition root decides. */
export interface ServeOptions {
  failpoint: Failpoint;
}

export interface RunningWorker {
  /** The port of `/healthz`, `/readyz` and `/metrics`, on loopback. */
  healthPort: number;
  /** Rejects when a part died that the process cannot start again; the supervisor has to restart the process. */
  failed: Promise<never>;
  /** Takes no new work, finishes what is in flight (≤ 15 s), closes everything. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Runs the worker until `stop`: Temporal workers, outbox relay, inbound drain, reconciler, letters and audit sequencer, each with its own
 * database role. It starts without Temporal, without the database and without the mail server; `/readyz` says what is missing of the first two.
 */
export const serveWorker = async (config: WorkerConfig, { failpoint }: ServeOptions): Promise<RunningWorker> => {
  const log = createLogger('worker', config.LOG_LEVEL);
  const keyFile = readKeyFile(config.SLUICE_KEY_FILE);
  const ending = new AbortController();
  const database = openDatabase(config.SLUICE_WORKER_DATABASE_URL, config.SLUICE_WORKER_CONNECTIONS);
  const sequencerDatabase = openDatabase(config.SLUICE_SEQUENCER_DATABASE_URL, 2);
  const store = openRelayStore(config.SLUICE_RELAY_DATABASE_URL);
  const metrics = createMetrics('worker', (name, error) => log.warn({ err: error, metric: name }, 'a figure could not be read'));
  for (const probe of workerProbes(store)) metrics.addProbe(probe);
  const countRedriven = metrics.addCounter({
    name: 'sluice_runs_redriven_total',
    help: 'Runs of batches that did not move, begun anew by this process',
    labels: { reason: REDRIVE_REASONS },
  });
  const countMail = metrics.addCounter({
    name: 'sluice_mail_attempts_total',
    help: 'Letters that this process tried to send, by what became of the attempt; dead ones were given up',
    labels: { fate: MAIL_FATES },
  });
  const postman = openPostman({ smtpUrl: config.SLUICE_SMTP_URL, from: config.SLUICE_MAIL_FROM, publicUrl: config.SLUICE_PUBLIC_URL });

  const problems: Record<string, string | null> = { recovery: 'not compared yet', temporal: 'not connected yet' };
  const health = await serveHealth({
    port: config.SLUICE_HEALTH_PORT,
    readiness: async () => ({ ...problems, database: await databaseProblem(database) }),
    metrics: metrics.scrape,
  });
  log.info({ port: health.port }, 'the worker starts');

  const signer = openCheckpointSigner(keyFile);
  const archive = openCheckpointFolder(config.SLUICE_CHECKPOINT_DIR, signer.verifierKey);
  const codec = openPayloadCodec(keyFile, config.TEMPORAL_NAMESPACE);
  const client = lazyClient(config, codec);
  installRuntime(log);

  const run = async (): Promise<void> => {
    const recovery = watchRecovery(
      comparisons(async () => ({ ...(await recoveryFacts(database)), sha256, archive, keyFileInstallationId: keyFile.installationId })),
      {
        onProblem: (error) => log.warn({ err: error }, 'the database is not compared with its published checkpoints yet'),
        onRecovery: (reason) => log.error({ reason }, 'recovery mode: nothing is sent'),
      },
    );
    ending.signal.addEventListener('abort', () => recovery.stop(), { once: true });
    Object.defineProperty(problems, 'recovery', { enumerable: true, get: () => recovery.reason() });
    await recovery.compared;
    const services: Services = {
      sha256,
      entropy: systemEntropy,
      vault: openVault(keyFile, systemEntropy),
      credentials: openCredentials(keyFile),
      // Nobody confirms a factor here.
      factorRestMs: FACTOR_REST_HOURS * 3_600_000,
      gateKey: openGateKey(keyFile),
      membershipKey: openMembershipKey(keyFile),
      // It verifies what passkeys signed, with the host that each was confirmed for.
      passkeys: openPasskeys(null),
      mailSeal: openMailSeal(keyFile),
      requestSignatures,
      rails: openRails(),
      signer,
      recovery,
      failpoint,
    };
    const contextOf = contexts(database, services);
    const relay = runRelay({
      store,
      workflows: batchWorkflows(client),
      contextOf,
      tenantsToDrain: () => tenantsToDrain(database),
      mail: { queue: store.mail, seal: services.mailSeal, postman, count: (fate) => countMail({ fate }), signal: ending.signal },
      directUrl: config.SLUICE_RELAY_DIRECT_URL ?? config.SLUICE_RELAY_DATABASE_URL,
      sequencer: {
        store: sequencingStore(sequencerDatabase, sha256),
        directUrl: config.SLUICE_SEQUENCER_DIRECT_URL ?? config.SLUICE_SEQUENCER_DATABASE_URL,
        signer,
        archive,
        recovery,
      },
      recovery,
      archive,
      // Putting another database back ends the connections first, so a lost connection may mean another database.
      onLost: () => recovery.compareAgain(),
      redriven: async ({ tenantId, batchId }, reason) => {
        countRedriven({ reason });
        // A run that was lost is begun again, and nobody has to look.
        if (reason !== 'lost') await reportStalledRun(await contextOf(tenantId, `reconciler/${batchId}`), batchId, reason);
      },
      reconcileMs: config.SLUICE_RECONCILE_SECONDS * 1_000,
      failpoint,
      log,
      signal: ending.signal,
    });
    const temporal = (async () => {
      const connection = await connectWorkers(config, log, ending.signal);
      if (!connection) return;
      const deps: ActivityDeps = {
        contextOf,
        requestOf: executeRequests(contextOf),
        log: (line) => log.debug(line, 'an activity ran'),
        window: config.SLUICE_CHUNK_WINDOW,
        historyEvents: config.SLUICE_HISTORY_EVENTS,
      };
      const workers = await createWorkers(config, connection, codec, deps);
      const shutDown = () => {
        for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      };
      if (ending.signal.aborted) shutDown();
      else ending.signal.addEventListener('abort', shutDown, { once: true });
      problems['temporal'] = null;
      log.info('the worker takes work');
      await Promise.all(workers.map((worker) => worker.run()));
      await connection.close();
    })();
    await Promise.all([relay, temporal]);
  };

  const running = run();
  const failed = new Promise<never>((_, reject) => running.catch(reject));
  failed.catch(() => undefined);
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    log.info('the worker is draining');
    ending.abort();
    await running.finally(() =>
      Promise.allSettled([health.close(), store.close(), database.close(), sequencerDatabase.close(), client.connection.close()]),
    );
    log.info('the worker has stopped');
  };
  return {
    healthPort: health.port,
    failed,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
};

const databaseProblem = (database: ReturnType<typeof openDatabase>): Promise<string | null> =>
  database.sql.row('setting')`SELECT 1 AS one`.then(
    () => null,
    () => 'it cannot be reached',
  );
