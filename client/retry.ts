import { ProblemError, Unreachable } from './problem-error.js';

export interface RetrySetting {
  /** Tries in all. */
  attempts: number;
  /** First pause, doubled each time, ms. */
  pauseMs: number;
  sleep: (ms: number) => Promise<void>;
}

export const DEFAULT_RETRY: RetrySetting = { attempts: 6, pauseMs: 200, sleep: (ms) => new Promise((done) => setTimeout(done, ms)) };

const LONGEST_PAUSE_MS = 30_000;

/**
 * Sends again what may be sent again: the network failed, the service was not ready (503), or the first request with this
 * key is still running. A spent code is the caller's to wait for. The server's Retry-After is honoured.
 */
export const withRetries = async <T>(setting: RetrySetting, send: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (attempt >= setting.attempts || !isTransient(error)) throw error;
      const asked = error instanceof ProblemError ? error.retryAfterMs : null;
      const growing = setting.pauseMs * 2 ** (attempt - 1);
      await setting.sleep(Math.min(LONGEST_PAUSE_MS, asked ?? growing));
    }
  }
};

const isTransient = (error: unknown): boolean => {
  if (error instanceof Unreachable) return true;
  if (!(error instanceof ProblemError)) return false;
  const { code, status } = error.problem;
  return error.retryable && (status === 503 || code === 'idempotency_in_flight');
};
