import { CommanderError } from 'commander';
import { type Problem, ProblemError, Unreachable } from '../client/problem-error.js';
import { formatMoney } from '../domain/money.js';
import type { Permission } from '../domain/permissions.js';
import { PROBLEMS, type ProblemCode } from '../domain/problems.js';
import type { NamedEntries } from './cli.js';
import { EXIT, type ExitCode, Failure } from './failure.js';
import { fileFailure } from './file-failure.js';
import { flagOf, inFlags } from './flags.js';
import { quoted } from './quoted.js';
import { errorLine } from './render/error-line.js';
import { type Acting, demoRoleOf, forWhoMay } from './who-may.js';

export interface Ending {
  exitCode: ExitCode;
  message: string | null;
  hint: string | null;
  /** The server's problem for `--json`, or one in its form for what the command line refuses by itself. Null for what is no refusal. */
  problem: unknown;
}

const SIGN_IN_AGAIN: readonly string[] = ['unauthenticated', 'session_expired'];

/** The command that fixes a refusal, where there is one. */
const FIXES: Readonly<Record<string, (problem: Problem, asked: Asked) => string | null>> = {
  external_id_taken: ({ external_id }, { options }) => `sluice batch show ${quoted(String(external_id ?? options['externalId'] ?? 'ID'))}`,
  forbidden: (problem, asked) => asHolder(problem, asked),
  repeated_file: ({ batch_id }) => (batch_id ? `sluice batch show ${batch_id}` : null),
  repeated_payments: ({ batch_id }) => (batch_id ? `sluice batch show ${batch_id}` : null),
  items_proposed: ({ proposal_id }, asked) =>
    proposal_id ? forWhoMay(`exceptions confirm ${proposal_id}`, 'confirm_proposal', asked, 'a second person; or withdraw it', 'authorizer') : null,
  idempotency_key_reused: () => 'the same with another --idempotency-key',
  invalid_request: ({ errors = [] }, asked) =>
    errors.some(({ reason }) => reason === 'no_such_account')
      ? forWhoMay(`ledger create-account NAME --currency ${asked.options['currency'] ?? 'EUR'}`, 'create_account', asked, 'or name another account')
      : null,
  key_not_active: () => 'sluice keys list',
  insufficient_funds: ({ shortfall, currency, funding_account }, asked) =>
    forWhoMay(
      `ledger top-up ${decimal(shortfall, currency)}${accountFlag(funding_account)}`,
      'top_up',
      asked,
      'sandbox money only; then repeat the command',
    ),
};

/** A workspace may have several funding accounts; servers of before do not say which lacks the money. */
const accountFlag = (account: unknown): string => (typeof account === 'string' ? ` --account ${account}` : '');

/** Somebody of the demo stack who may do what was refused. */
const asHolder = ({ permission }: Problem, { besideStack }: Asked): string | null => {
  const role = demoRoleOf(permission as Permission);
  return besideStack && role ? `the same with --as ${role}` : null;
};

/** An amount as `sluice ledger top-up` takes it. */
const decimal = (minor: unknown, currency: unknown): string =>
  typeof minor === 'number' && typeof currency === 'string' ? (formatMoney(BigInt(minor), currency).split(' ')[0] ?? 'AMOUNT') : 'AMOUNT';

/** The command line that failed: the flags of its command, and what was given for them. */
export interface Asked extends Acting {
  flags: readonly string[];
  options: Readonly<Record<string, unknown>>;
  /** What to do when the credentials are refused; default: `sluice login`. */
  signIn?: string;
  /** How a person named the entries of a list that was sent. */
  named?: NamedEntries | null;
}

/** How a command ends after an error of any kind. */
export const endingOf = (error: unknown, asked: Asked): Ending => {
  if (error instanceof CommanderError) {
    // `--help` and `--version` are no failure; for everything else commander has printed a message already.
    const isFailure = error.exitCode !== 0;
    const problem = isFailure ? problemOf('invalid_request', error.message.replace(/^error: /, '')) : null;
    return { exitCode: isFailure ? EXIT.usage : EXIT.ok, message: null, hint: null, problem };
  }
  const failure = error instanceof Failure ? error : fileFailure(error);
  if (failure) {
    const { exitCode, hint } = failure;
    // It may be what the API said about a file.
    const message = inFlags(failure.message, asked.flags);
    const isBrokenOff = exitCode === EXIT.interrupted || exitCode === EXIT.terminated;
    return { exitCode, message, hint, problem: isBrokenOff ? null : problemOf(failure.code ?? CODES[exitCode] ?? null, message) };
  }
  if (error instanceof Unreachable)
    return { exitCode: EXIT.failed, message: error.message, hint: 'sluice doctor', problem: problemOf(null, error.message) };
  if (error instanceof ProblemError) {
    const signIn = SIGN_IN_AGAIN.includes(error.problem.code);
    return {
      exitCode: signIn ? EXIT.signIn : EXIT.failed,
      message: problemText(error, asked),
      hint: signIn ? (asked.signIn ?? 'sluice login') : (FIXES[error.problem.code]?.(error.problem, asked) ?? null),
      problem: error.problem,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { exitCode: EXIT.failed, message, hint: null, problem: problemOf(null, message) };
};

/** The codes of what the command line refuses by itself. Anything else has a code that the API does not know. */
const CODES: Partial<Record<ExitCode, ProblemCode>> = { [EXIT.usage]: 'invalid_request', [EXIT.signIn]: 'unauthenticated' };

/** A problem document as the API's, of a request that was never sent. */
const problemOf = (known: ProblemCode | null, detail: string) => {
  const code = known ?? 'command_failed';
  const { status, title } = known ? PROBLEMS[known] : { status: 500, title: 'The command failed' };
  return { type: `/docs/errors#${code}`, title, status, detail, code, request_id: '' };
};

const problemText = ({ problem }: ProblemError, { flags, named }: Asked): string => {
  const errors = (problem.errors ?? []).map((error) => `  ${fieldLine(error, flags, named)}`);
  return [`${inFlags(`${problem.title}: ${problem.detail}`, flags)}`, ...errors, `  ${problem.code}, request ${problem.request_id}`].join('\n');
};

const fieldLine = (error: NonNullable<Problem['errors']>[number], flags: readonly string[], named: NamedEntries | null | undefined): string => {
  // With a row, the field is a column of the file.
  if (error.row !== undefined) return errorLine(error);
  const message = inFlags(error.message, flags);
  // It is about the request as a whole.
  if (error.field === '') return message;
  const [list, place] = error.field.split('.');
  const name = named && named.field === list ? named.names[Number(place)] : undefined;
  return `${name ?? flagOf(error.field, flags)}: ${message}`;
};
