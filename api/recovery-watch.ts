import type { RecoveryMode } from '../operations/ports.js';
import { recoverySwitch } from '../operations/recovery/mode.js';

/** ms between two comparisons. An older database that was put back under the running API is noticed after this time at the latest. */
const EVERY_MS = 60_000;
/** ms that a comparison stays good. When the next one hangs (the archive is out of reach), the API closes after this time. */
const GOOD_MS = 3 * EVERY_MS;
const RETRY_MS = 1_000;
const NOT_COMPARED = 'The comparison with the published checkpoints has not finished yet.';

export interface RecoveryWatch extends RecoveryMode {
  /** Compares at once and lets nothing through until that is done: the database may be another one now. */
  compareAgain(): void;
  stop(): void;
}

/**
 * Compares the database with its published checkpoints (R15) at start, every minute, and whenever `compareAgain` is called.
 * Until a comparison has succeeded, nothing that moves money is let through. When database or archive do not answer, it is
 * tried again, so the API may start before them. Recovery mode ends only by a restart, after a person has looked.
 */
export const watchRecovery = (compare: () => Promise<RecoveryMode>, onProblem: (error: unknown) => void): RecoveryWatch => {
  const found = recoverySwitch(null);
  /** When the last good comparison began, ms of the monotonic clock; null when none counts. */
  let comparedAt: number | null = null;
  /** Set when a new comparison is asked for while one runs: the running one may have read the database of before. */
  let again = false;
  let running = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const attempt = async (): Promise<void> => {
    again = false;
    const startedAt = performance.now();
    try {
      const reason = (await compare()).reason();
      if (reason !== null) found.enter(reason);
      comparedAt = again ? null : startedAt;
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
    reason: () => found.reason() ?? (isGood() ? null : NOT_COMPARED),
    compareAgain: () => {
      comparedAt = null;
      again = true;
      void run();
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
};
