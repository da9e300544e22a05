import type { RecoveryMode } from '../ports.js';
import { type RecoverySwitch, recoverySwitch } from './mode.js';

/** ms between two comparisons. An older database that was put back under a running process is noticed after this time at the latest. */
const EVERY_MS = 60_000;
/** ms that a comparison stays good. When the next one hangs (the archive is out of reach), the process stops acting after this time. */
const GOOD_MS = 3 * EVERY_MS;
const RETRY_MS = 1_000;
const STARTING = 'This process is starting: its comparison with the published checkpoints has not finished yet. Try again in a moment.';
const OUT_OF_DATE = 'The comparison with the published checkpoints is out of date, and a new one has not finished yet. Try again in a moment.';

export interface RecoveryWatch extends RecoverySwitch {
  comparing(): boolean;
  /** Compares at once and lets nothing through until that is done: the database may be another one now. */
  compareAgain(): void;
  /** Resolves when the first comparison has come to an end, whatever it found. */
  compared: Promise<void>;
  stop(): void;
}

export interface WatchEvents {
  /** A comparison failed; it is tried again. */
  onProblem(error: unknown): void;
  /** Recovery mode was entered. Called once. */
  onRecovery(reason: string): void;
}

/**
 * Compares the database with its published checkpoints (R15) at start, every minute, and whenever `compareAgain` is called.
 * Until a comparison has succeeded, nothing that moves money is let through. When database or archive do not answer, it is
 * tried again, so a process may start before them. API and worker watch by the same code, so both have the same bound. Recovery mode ends
 * only by a restart, after a person has looked.
 */
export const watchRecovery = (compare: () => Promise<RecoveryMode>, { onProblem, onRecovery }: WatchEvents): RecoveryWatch => {
  const found = recoverySwitch(null);
  /** When the last good comparison began, ms of the monotonic clock; null when none counts. */
  let comparedAt: number | null = null;
  let wasCompared = false;
  /** Set when a new comparison is asked for while one runs: the running one may have read the database of before. */
  let again = false;
  let running = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let firstIsOver = (): void => undefined;
  const compared = new Promise<void>((resolve) => {
    firstIsOver = resolve;
  });

  const enter = (reason: string): void => {
    if (found.reason() === null) onRecovery(reason);
    found.enter(reason);
    firstIsOver();
  };
  const attempt = async (): Promise<void> => {
    again = false;
    const startedAt = performance.now();
    try {
      const reason = (await compare()).reason();
      if (reason !== null) enter(reason);
      comparedAt = again ? null : startedAt;
      wasCompared ||= comparedAt !== null;
      if (comparedAt !== null) firstIsOver();
    } catch (error) {
      comparedAt = null;
      onProblem(error);
    }
  };
  const run = async (): Promise<void> => {
    if (running || stopped || found.reason() !== null) return;
    running = true;
    clearTimeout(timer);
    do await attempt();
    while (again && !stopped);
    running = false;
    if (!stopped) timer = setTimeout(run, comparedAt === null ? RETRY_MS : EVERY_MS);
  };
  void run();
  const isGood = () => comparedAt !== null && performance.now() - comparedAt < GOOD_MS;
  return {
    enter,
    compared,
    reason: () => found.reason() ?? (isGood() ? null : wasCompared ? OUT_OF_DATE : STARTING),
    comparing: () => found.reason() === null && !isGood(),
    compareAgain: () => {
      comparedAt = null;
      again = true;
      void run();
    },
    stop: () => {
      stopped = true;
      firstIsOver();
      clearTimeout(timer);
    },
  };
};
