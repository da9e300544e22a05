import { z } from 'zod';
import { mail } from './mail.js';
import { count, port, secret, setting, shared, temporal } from './schema.js';

export const workerConfig = z.object({
  ...shared,
  ...temporal,
  ...mail,
  SLUICE_WORKER_DATABASE_URL: secret('Postgres URL of the worker role'),
  SLUICE_RELAY_DATABASE_URL: secret('Postgres URL of the relay role'),
  SLUICE_SEQUENCER_DATABASE_URL: secret('Postgres URL of the sequencer role'),
  SLUICE_RELAY_DIRECT_URL: secret('The relay role without a transaction pool, for LISTEN').optional(),
  SLUICE_SEQUENCER_DIRECT_URL: secret('The sequencer role without a transaction pool, for LISTEN').optional(),
  SLUICE_WORKER_CONNECTIONS: count('Database connections of the worker role', 10),
  SLUICE_CHUNK_WINDOW: count('Chunks of one batch in flight', 4),
  SLUICE_HISTORY_EVENTS: count('History events after which a run continues as new', 4_000),
  SLUICE_RECONCILE_SECONDS: count('Seconds between two searches for batches that no workflow drives', 60),
  SLUICE_HEALTH_PORT: port('Port of /healthz, /readyz and /metrics on loopback', 8081),
  SLUICE_WORKER_IDENTITY: setting('Name of this worker in the Web UI').optional(),
});

export type WorkerConfig = z.infer<typeof workerConfig>;
