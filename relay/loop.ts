import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';

export interface LoopParts {
  name: string;
  /** One pass; returns how much it found. It runs again at once while it finds something. */
  pass: () => Promise<number>;
  /** Resolves at the next notification, or after `ms`. */
  rung: (ms: number) => Promise<void>;
  /** Longest time between two passes, ms, for notifications that were lost. */
  pollMs: number;
  log: Pick<Logger, 'error'>;
  signal: AbortSignal;
}

const AFTER_ERROR_MS = 1_000;

/** Runs passes until the signal aborts, and ends after the pass that is under way. */
export const runLoop = async ({ name, pass, rung, pollMs, log, signal }: LoopParts): Promise<void> => {
  while (!signal.aborted) {
    try {
      if ((await pass()) > 0) continue;
    } catch (error) {
      log.error({ err: error, loop: name }, 'a pass of the relay failed; it is tried again');
      await pause(AFTER_ERROR_MS, undefined, { signal }).catch(() => undefined);
    }
    await rung(pollMs);
  }
};
