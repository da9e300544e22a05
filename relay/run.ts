import type { Logger } from 'pino';
import type { Failpoint, RecoveryMode } from '../operations/ports.js';
import type { RecoveryParts } from '../operations/recovery/apply.js';
import { deliverDue } from './deliver.js';
import { drainAll } from './drain.js';
import { runLoop } from './loop.js';
import { type MailParts, sendDueMail } from './mail.js';
import { addMonths } from './months.js';
import type { BatchWorkflows, ContextOf, RelayStore } from './ports.js';
import { type ReconcilerParts, reconciler } from './reconcile.js';
import { recoverAll } from './recover.js';
import { runSequencer, type SequencerParts } from './sequencer.js';
import { bell, listen } from './sequencer-wake.js';

export interface RelayParts {
  store: RelayStore;
  workflows: BatchWorkflows;
  contextOf: ContextOf;
  tenantsToDrain: () => Promise<string[]>;
  mail: Omit<MailParts, 'log'>;
  /** Postgres without a transaction pool, in the relay's role, for LISTEN. */
  directUrl: string;
  sequencer: Omit<SequencerParts, 'failpoint' | 'log' | 'signal'>;
  recovery: RecoveryMode;
  archive: RecoveryParts['archive'];
  /** A connection that was established is lost: the database may be another one when it is back. */
  onLost: () => void;
  redriven: ReconcilerParts['redriven'];
  /** Time between two passes of the reconciler, ms. */
  reconcileMs: number;
  failpoint: Failpoint;
  log: Logger;
  signal: AbortSignal;
}

const POLL_MS = 1_000;
const DAY_MS = 86_400_000;
/** Whoever sends from many networks makes a counter for each of them. */
const COUNTERS_MS = 300_000;
/** Every signed request leaves a nonce, which is of use for ten minutes, and every beginning of a sign-in with a passkey one for five. */
const NONCES_MS = 600_000;
/** Most rows that one statement deletes. */
const PRUNED_MAX = 10_000;

export const RELAY_JOBS = [
  'outbox',
  'inbound',
  'reconciler',
  'mail',
  'dead mail',
  'idempotency keys',
  'signature nonces',
  'email links',
  'passkey requests',
  'seen payments',
  'rate counters',
  'months',
  'recovery',
] as const;
export type RelayJob = (typeof RELAY_JOBS)[number];

/** What wakes a job before its time. */
const CHANNELS: Partial<Record<RelayJob, string>> = { outbox: 'sluice_outbox', inbound: 'sluice_inbound' };

/**
 * Every job that moves something between the database, Temporal and the mail server without a person, by its name. In recovery mode the
 * database may be an old copy, so none of them acts (R15), but for the recovery that two people have confirmed, which acts in recovery mode
 * alone. A pass returns how much it found.
 */
export const relayJobs = (parts: Omit<RelayParts, 'directUrl' | 'sequencer' | 'signal' | 'onLost'>): Record<RelayJob, () => Promise<number>> => {
  const reconcile = reconciler(parts);
  const jobs: Record<RelayJob, () => Promise<number>> = {
    outbox: () => deliverDue(parts),
    inbound: () => drainAll(parts.tenantsToDrain, parts.contextOf),
    reconciler: () => reconcile().then(() => 0),
    mail: () => sendDueMail({ ...parts.mail, log: parts.log }),
    'dead mail': () => parts.mail.queue.forget(PRUNED_MAX),
    'idempotency keys': () => parts.store.pruneKeys(PRUNED_MAX),
    'signature nonces': () => parts.store.pruneNonces(PRUNED_MAX),
    'email links': () => parts.store.pruneLinks(PRUNED_MAX),
    'passkey requests': () => parts.store.prunePasskeyRequests(PRUNED_MAX),
    'seen payments': () => parts.store.forgetPayments(PRUNED_MAX),
    'rate counters': () => parts.store.pruneCounters(PRUNED_MAX),
    months: () => addMonths(parts),
    recovery: () => (parts.recovery.reason() === null ? Promise.resolve(0) : recoverAll(parts)),
  };
  for (const name of RELAY_JOBS) {
    if (name === 'recovery') continue;
    const job = jobs[name];
    jobs[name] = async () => (parts.recovery.reason() === null ? job() : 0);
  }
  return jobs;
};

/**
 * Runs the jobs above and the audit sequencer. Once a day it makes partitions of coming months, and deletes idempotency keys, seen payments,
 * links of letters, invitations and letters that were given up, when they are past their time; counters of requests that are over it deletes every five minutes, nonces
 * of signatures every ten. Any number
 * of processes may run it. Resolves when the signal has aborted and all passes are done.
 */
export const runRelay = async (parts: RelayParts): Promise<void> => {
  const { log, signal, failpoint, directUrl, reconcileMs, onLost } = parts;
  const jobs = relayJobs(parts);
  const everyMs: Record<RelayJob, number> = {
    outbox: POLL_MS,
    inbound: POLL_MS,
    reconciler: reconcileMs,
    mail: POLL_MS,
    'dead mail': DAY_MS,
    'idempotency keys': DAY_MS,
    'signature nonces': NONCES_MS,
    'email links': DAY_MS,
    'passkey requests': NONCES_MS,
    'seen payments': DAY_MS,
    'rate counters': COUNTERS_MS,
    months: DAY_MS,
    recovery: POLL_MS,
  };
  await Promise.all([
    ...RELAY_JOBS.map((name) => {
      const { ring, rung } = bell(signal);
      const channel = CHANNELS[name];
      if (channel) listen(directUrl, channel, ring, { log, signal, onLost });
      return runLoop({ name, pass: jobs[name], rung, pollMs: everyMs[name], log, signal });
    }),
    runSequencer({ ...parts.sequencer, failpoint, log, signal }),
  ]);
};
