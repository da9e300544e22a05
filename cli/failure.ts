import { CommanderError } from 'commander';
import { ProblemError } from '../client/problem-error.js';

export const EXIT = { ok: 0, failed: 1, usage: 2, signIn: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message for people, and what to do next. */
export class Failure extends Error {
  override readonly name = 'Failure';
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message);
  }
}

export interface Ending {
  exitCode: ExitCode;
  message: string | null;
  hint: string | null;
  /** The server's problem, for `--json`. */
  problem: unknown;
}

const SIGN_IN_AGAIN: readonly string[] = ['unauthenticated', 'session_expired'];

/** What mends a refusal, where one command does. */
const MENDS: Readonly<Record<string, string>> = {
  external_id_taken: 'sluice batch show EXTERNAL_ID',
  insufficient_funds: 'sluice ledger top-up AMOUNT   (sandbox money only), then the same again with a new code',
};

/** How a command ends after whatever was thrown in it. */
export const endingOf = (error: unknown): Ending => {
  if (error instanceof CommanderError) {
    // Help and version end well; commander has written its own message for the rest.
    return { exitCode: error.exitCode === 0 ? EXIT.ok : EXIT.usage, message: null, hint: null, problem: null };
  }
  if (error instanceof Failure) return { exitCode: error.exitCode, message: error.message, hint: error.hint, problem: null };
  if (error instanceof ProblemError) {
    const signIn = SIGN_IN_AGAIN.includes(error.problem.code);
    return {
      exitCode: signIn ? EXIT.signIn : EXIT.failed,
      message: problemText(error),
      hint: signIn ? 'sluice login' : (MENDS[error.problem.code] ?? null),
      problem: error.problem,
    };
  }
  return { exitCode: EXIT.failed, message: error instanceof Error ? error.message : String(error), hint: null, problem: null };
};

const problemText = ({ problem }: ProblemError): string => {
  const errors = (problem.errors ?? []).map(({ row, field, message }) => `  ${row === undefined ? '' : `row ${row}, `}${field}: ${message}`);
  return [`${problem.title}: ${problem.detail}`, ...errors, `  ${problem.code}, request ${problem.request_id}`].join('\n');
};
