import type { z } from 'zod';
import type { problem } from '../contracts/wire.js';
import { PROBLEMS, type ProblemCode } from '../domain/problems.js';

export type Problem = z.infer<typeof problem>;

/** The server refused: its RFC 9457 problem. Decide on its `code`. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(
    readonly problem: Problem,
    /** From Retry-After, or from the problem itself; null when neither has it. */
    readonly retryAfterMs: number | null,
  ) {
    super(`${problem.detail} (${problem.code}, request ${problem.request_id})`);
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    const { code, status } = this.problem;
    return Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code as ProblemCode].retryable : status >= 502;
  }
}

/** The server could not be reached, or another server answered. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** Reads a failed answer. Anything except a problem document becomes `Unreachable`, because a proxy or another server answered. */
export const failureOf = async (response: Response): Promise<ProblemError | Unreachable> => {
  const text = await response.text();
  const body = response.headers.get('content-type')?.includes('problem+json') ? (JSON.parse(text) as Problem) : null;
  if (!body) return new Unreachable(`${response.url} answered ${response.status} without a problem document`);
  const header = Number(response.headers.get('retry-after') ?? Number.NaN);
  const seconds = Number.isFinite(header) ? header : body['retry_after_seconds'];
  return new ProblemError(body, typeof seconds === 'number' ? seconds * 1_000 : null);
};
