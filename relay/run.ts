import type { Logger } from 'pino';
import type { Failpoint, RecoveryMode } from '../operations/ports.js';
import { deliverDue } from './deliver.js';
import { drainAll } from './drain.js';
import { runLoop } from './loop.js';
import { addMonths } from './months.js';
import type { BatchWorkflows, ContextOf, RelayStore } from './ports.js';
import { type ReconcilerParts, reconciler } from './reconcile.js';
import { runSequencer, type SequencerParts } from './sequencer.js';
import { bell, listen } from './sequencer-wake.js';

export interface RelayParts {
  store: RelayStore;
  workflows: BatchWorkflows;
  contextOf: ContextOf;
  tenantsToDrain: () => Promise<string[]>;
  /** Postgres without a transaction pool, in the relay's role, for LISTEN. */
  directUrl: string;
  sequencer: Omit<SequencerParts, 'failpoint' | 'log' | 'signal'>;
  recovery: RecoveryMode;
  redriven: ReconcilerParts['redriven'];
  /** Time between two passes of the reconciler, ms. */
  reconcileMs: number;
  failpoint: Failpoint;
  log: Logger;
  signal: AbortSignal;
}

const POLL_MS = 1_000;
const DAY_MS = 86_400_000;
/** Most idempotency keys that one statement deletes. */
const KEYS_MAX = 10_000;

/**
 * Runs everything that moves between the database and Temporal without a person: outbox, inbound deliveries, reconciler and
 * audit sequencer. Once a day it makes partitions of coming months and deletes idempotency keys that are past their time. Any
 * number of processes may run it. Resolves when the signal has aborted and all passes are done.
 */
export const runRelay = async (parts: RelayParts): Promise<void> => {
  const { log, signal, failpoint, directUrl } = parts;
  const outbox = bell(signal);
  const inbound = bell(signal);
  const minute = bell(signal);
  const day = bell(signal);
  const keys = bell(signal);
  listen(directUrl, 'sluice_outbox', outbox.ring, log, signal);
  listen(directUrl, 'sluice_inbound', inbound.ring, log, signal);
  const common = { log, signal };
  const reconcile = reconciler(parts);
  // In recovery mode the database may be an old copy, so nothing acts on it (R15).
  const pass = (work: () => Promise<number>) => async () => (parts.recovery.reason() === null ? work() : 0);
  await Promise.all([
    runLoop({ ...common, name: 'outbox', pass: pass(() => deliverDue(parts)), rung: outbox.rung, pollMs: POLL_MS }),
    runLoop({ ...common, name: 'inbound', pass: pass(() => drainAll(parts.tenantsToDrain, parts.contextOf)), rung: inbound.rung, pollMs: POLL_MS }),
    runLoop({ ...common, name: 'reconciler', pass: pass(() => reconcile().then(() => 0)), rung: minute.rung, pollMs: parts.reconcileMs }),
    runLoop({ ...common, name: 'idempotency keys', pass: pass(() => parts.store.pruneKeys(KEYS_MAX)), rung: keys.rung, pollMs: DAY_MS }),
    runLoop({ ...common, name: 'months', pass: pass(() => addMonths(parts)), rung: day.rung, pollMs: DAY_MS }),
    runSequencer({ ...parts.sequencer, failpoint, log, signal }),
  ]);
};
