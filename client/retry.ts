import { ProblemError, Unreachable } from './problem-error.js';

export interface RetrySetting {
  /** How many tries at most, the first included. */
  attempts: number;
  /** How many while the first request with this key is at work, which may take minutes: it is asked for every few seconds. */
  attemptsInFlight: number;
  /** First pause in ms; it doubles with each try. */
  pauseMs: number;
  /** Ends early when the signal aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

const sleep: RetrySetting['sleep'] = (ms, signal) =>
  new Promise((done) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      done();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
  });

export const DEFAULT_RETRY: RetrySetting = { attempts: 6, attemptsInFlight: 60, pauseMs: 200, sleep };

const PAUSE_MAX_MS = 30_000;

/**
 * Repeats a request when the network failed, the service was not ready (503), or the first request with this key is still
 * running. It waits as long as Retry-After says. It does not wait for a new code after a used one: the caller does.
 */
export const withRetries = async <T>(setting: RetrySetting, send: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (attempt >= triesFor(error, setting)) throw error;
      const asked = error instanceof ProblemError ? error.retryAfterMs : null;
      const growing = setting.pauseMs * 2 ** (attempt - 1);
      await setting.sleep(Math.min(PAUSE_MAX_MS, asked ?? growing));
    }
  }
};

/** How often a request that failed so is tried in all. */
const triesFor = (error: unknown, { attempts, attemptsInFlight }: RetrySetting): number => {
  if (error instanceof Unreachable) return attempts;
  if (!(error instanceof ProblemError) || !error.retryable) return 1;
  if (error.problem.code === 'idempotency_in_flight') return attemptsInFlight;
  return error.problem.status === 503 ? attempts : 1;
};
