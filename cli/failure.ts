import type { ProblemCode } from '../domain/problems.js';

export const EXIT = { ok: 0, failed: 1, usage: 2, signIn: 4, interrupted: 130, terminated: 143 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message for people and a hint about the next step. */
export class Failure extends Error {
  override readonly name = 'Failure';
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly hint: string | null = null,
    /** The API's code for the same, for `--json`. */
    readonly code: ProblemCode | null = null,
  ) {
    super(message);
  }
}
