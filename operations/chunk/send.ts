import type { PaymentOutcome, Sending } from '../ports.js';
import type { Dispatch } from './intend.js';

/** Told of every call that is answered; a heartbeat, in practice. */
export type Progress = (sent: number) => void;

/**
 * Sends what an intent allows, and only while its lease outlasts another HTTP time-out (R2). `startedAt` is the
 * monotonic clock (ms) from before the intent transaction, so that the lease is never thought longer than the
 * database's. Answers an outcome for every payment: what was not sent or not answered is `unknown`.
 */
export const sendDispatch = async (
  { rail, connection, capabilities, artefact, leaseMs }: Dispatch,
  kind: Sending['kind'],
  startedAt: number,
  progress: Progress,
): Promise<PaymentOutcome[]> => {
  const stopAt = startedAt + leaseMs - capabilities.timeoutMs;
  const lease = new AbortController();
  // A process that was stopped and continued reads the clock before its timers have run.
  const checkLease = () => {
    if (performance.now() >= stopAt) lease.abort(new Error('the lease of this attempt cannot outlast another call'));
  };
  checkLease();
  const timer = setTimeout(checkLease, Math.max(0, stopAt - performance.now()));
  try {
    const outcomes = lease.signal.aborted
      ? []
      : await rail.send(connection, artefact, {
          kind,
          signal: lease.signal,
          onProgress: (sent) => {
            checkLease();
            progress(sent);
          },
        });
    return withUnanswered(artefact.payments, outcomes);
  } finally {
    clearTimeout(timer);
  }
};

const withUnanswered = (payments: Dispatch['artefact']['payments'], outcomes: readonly PaymentOutcome[]): PaymentOutcome[] => {
  const answered = new Set(outcomes.map((outcome) => outcome.key));
  const silent = payments.filter(({ key }) => !answered.has(key));
  return [...outcomes, ...silent.map(({ key }) => unknownOutcome(key, 'no_answer'))];
};

/** What we know when nobody says anything. */
export const unknownOutcome = (key: string, reason: string): PaymentOutcome => ({
  key,
  outcome: 'unknown',
  rank: 0,
  providerReference: null,
  reason,
  amount: null,
  currency: null,
});
