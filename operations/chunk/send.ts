import { type PaymentOutcome, unknownOutcome } from '../../domain/item/evidence.js';
import type { Artefact, OpenConnection, Rail, RailCapabilities, Sending } from '../rail.js';

/** What a committed intent allows to send, and for how long. */
export interface Dispatch {
  rail: Rail;
  connection: OpenConnection;
  capabilities: RailCapabilities;
  artefact: Artefact;
  /** Length of the lease, counted from before the intent transaction began (R2). */
  leaseMs: number;
}

/** On top of two HTTP time-outs, one for the call and one for a retry on a dead connection. */
const LEASE_MARGIN_MS = 2_000;

/** How long an attempt may send, ms (R2). */
export const leaseOf = (capabilities: RailCapabilities): number => capabilities.timeoutMs * 2 + LEASE_MARGIN_MS;

/** Called with the number of payments that were answered so far; activities send it as a heartbeat. */
export type Progress = (sent: number) => void;

/** What became of a dispatch. */
interface Sent {
  outcomes: PaymentOutcome[];
  /** False when its lease was over before the provider was asked: then no answer says nothing about the provider. */
  asked: boolean;
}

/**
 * Sends what an intent allows, and only while its lease outlasts another HTTP time-out (R2). `startedAt` is the monotonic
 * clock (ms) from before the intent transaction, so that this process never takes the lease for longer than the database does.
 * Returns one outcome for every payment: what was not sent or not answered is `unknown`.
 */
export const sendDispatch = async (
  { rail, connection, capabilities, artefact, leaseMs }: Dispatch,
  kind: Sending['kind'],
  startedAt: number,
  progress: Progress,
): Promise<Sent> => {
  const stopAt = startedAt + leaseMs - capabilities.timeoutMs;
  const lease = new AbortController();
  // A process that was stopped and continued reads the clock before its timers have run.
  const checkLease = () => {
    if (performance.now() >= stopAt) lease.abort(new Error('the lease of this attempt does not outlast another call'));
  };
  checkLease();
  const timer = setTimeout(checkLease, Math.max(0, stopAt - performance.now()));
  try {
    if (lease.signal.aborted) return { outcomes: withUnanswered(artefact.payments, []), asked: false };
    const outcomes = await rail.send(connection, artefact, {
      kind,
      signal: lease.signal,
      onProgress: (sent) => {
        checkLease();
        progress(sent);
      },
    });
    return { outcomes: withUnanswered(artefact.payments, outcomes), asked: true };
  } finally {
    clearTimeout(timer);
  }
};

const withUnanswered = (payments: Dispatch['artefact']['payments'], outcomes: readonly PaymentOutcome[]): PaymentOutcome[] => {
  const answered = new Set(outcomes.map((outcome) => outcome.key));
  const silent = payments.filter(({ key }) => !answered.has(key));
  return [...outcomes, ...silent.map(({ key }) => unknownOutcome(key, 'no_answer'))];
};
