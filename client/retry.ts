import { ProblemError, Unreachable } from './problem-error.js';

export interface RetrySetting {
  /** How many tries at most, the first included. */
  attempts: number;
  /** How many while the first request with this key is at work, which may take minutes: it is asked for every few seconds. */
  attemptsInFlight: number;
  /** First pause in ms; it doubles with each try. */
  pauseMs: number;
  /** How long it waits at most, in ms, when there were too many requests. A longer wait is the caller's to decide on. */
  rateWaitMaxMs: number;
  /** Is told before a wait that a limit of requests asks for. */
  onRateWait?: (ms: number, problem: ProblemError) => void;
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

export const DEFAULT_RETRY: RetrySetting = { attempts: 6, attemptsInFlight: 60, pauseMs: 200, rateWaitMaxMs: 90_000, sleep };

const PAUSE_MAX_MS = 30_000;

/**
 * Repeats a request when the network failed, the service was not ready (503), the first request with this key is still running, or there
 * were too many requests (429), of which nothing was done. It waits as long as Retry-After says. It does not wait for a new code after a used
 * one: the caller does.
 */
export const withRetries = async <T>(setting: RetrySetting, send: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (attempt >= triesFor(error, setting)) throw error;
      await setting.sleep(pauseAfter(error, attempt, setting));
    }
  }
};

/** How long to wait after the n-th try, ms. */
export const pauseAfter = (error: unknown, attempt: number, setting: RetrySetting): number => {
  if (!(error instanceof ProblemError) || error.retryAfterMs === null) return Math.min(PAUSE_MAX_MS, setting.pauseMs * 2 ** (attempt - 1));
  if (!isTooMany(error)) return Math.min(PAUSE_MAX_MS, error.retryAfterMs);
  setting.onRateWait?.(error.retryAfterMs, error);
  return error.retryAfterMs;
};

/** Whether a limit asks for a longer wait than the caller allows. */
export const waitsTooLong = (error: unknown, { rateWaitMaxMs }: RetrySetting): boolean =>
  error instanceof ProblemError && isTooMany(error) && (error.retryAfterMs ?? 0) > rateWaitMaxMs;

const isTooMany = ({ problem }: ProblemError): boolean => problem.code === 'rate_limited';

/** How often a request that failed so is tried in all. */
const triesFor = (error: unknown, setting: RetrySetting): number => {
  const { attempts, attemptsInFlight } = setting;
  if (error instanceof Unreachable) return attempts;
  if (!(error instanceof ProblemError) || !error.retryable) return 1;
  if (error.problem.code === 'idempotency_in_flight') return attemptsInFlight;
  if (isTooMany(error)) return waitsTooLong(error, setting) ? 1 : attempts;
  return error.problem.status === 503 ? attempts : 1;
};
