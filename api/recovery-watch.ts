import type { RecoveryMode } from '../operations/ports.js';
import { recoverySwitch } from '../operations/recovery/mode.js';

/** Between two comparisons: for about this long an older database that was put back under the running API stays unseen. */
const EVERY_MS = 60_000;
/** A comparison stays good for this long: one that hangs, as on a folder out of reach, must not leave things open for ever. */
const GOOD_MS = 3 * EVERY_MS;
const RETRY_MS = 1_000;
const NOT_COMPARED = 'The comparison with the published checkpoints has not finished yet.';

export interface RecoveryWatch extends RecoveryMode {
  /** Compares at once, and lets nothing through until then: what answers now may be another database. */
  compareAgain(): void;
  stop(): void;
}

/**
 * The comparison of R15 at start, every minute, and whenever something speaks for another database. Until it has run, nothing
 * that moves money is let through; when database or archive do not answer it is tried again, so that the API may start
 * before them. Recovery mode that was found is never left: a person looks, then restarts.
 */
export const watchRecovery = (compare: () => Promise<RecoveryMode>, onProblem: (error: unknown) => void): RecoveryWatch => {
  const found = recoverySwitch(null);
  /** When the last good comparison began, ms of the monotonic clock; null when none counts. */
  let comparedAt: number | null = null;
  /** Asked for while a comparison was under way: that one may have read the database of before. */
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
