import { ProblemError } from '../client/problem-error.js';
import type { Cli } from './cli.js';
import { anyCodeIn, askAnyCode, askCode, codeIn, NO_ANY_CODE, NO_CODE } from './code.js';
import { EXIT, Failure } from './failure.js';

/** After a used or mistyped code the command asks again. The server locks the account after five wrong ones, so it stops before that. */
const TRIES_MAX = 4;

/** What is typed: how it is asked for, how it is read, and what is said of anything else. `to` says what for, such as `, to approve`. */
interface Typed {
  ask(cli: Cli, to: string): Promise<string>;
  read(line: string): string | null;
  otherwise: string;
}
const CODE: Typed = { ask: askCode, read: codeIn, otherwise: NO_CODE };
/** For what a recovery code does too. */
export const CODE_OR_RECOVERY_CODE: Typed = {
  ask: (cli, to) => askAnyCode(cli, ` of your authenticator or a recovery code${to}`),
  read: anyCodeIn,
  otherwise: NO_ANY_CODE,
};

/**
 * Asks for the code of the person's authenticator and sends it with `send`; `deed` says what for, such as `approve`. All tries carry one
 * Idempotency-Key, so the deed is done at most once, whatever the network does.
 */
export const withCode = async <T>(cli: Cli, deed: string, send: (code: string, idempotencyKey: string) => Promise<T>, typed = CODE): Promise<T> => {
  const idempotencyKey = cli.options().idempotencyKey ?? crypto.randomUUID();
  for (let attempt = 1, code = await typed.ask(cli, `, to ${deed}`); ; attempt++) {
    try {
      return await send(code, idempotencyKey);
    } catch (error) {
      if (attempt === TRIES_MAX) throw error;
      const next = await nextCode(cli, deed, error, typed);
      if (next === null) throw error;
      code = next;
    }
  }
};

/** Another code after a failure that another code can fix, else null. */
const nextCode = async (cli: Cli, deed: string, error: unknown, typed: Typed): Promise<string | null> => {
  if (!(error instanceof ProblemError)) return null;
  const { problem, retryAfterMs } = error;
  if (problem.code === 'code_wrong' && cli.terminal.canAsk) {
    cli.note(problem.detail);
    return typed.ask(cli, `, to ${deed}`);
  }
  if (retryAfterMs === null) return null;
  const due = Date.now() + retryAfterMs;
  if (problem.code === 'rate_limited' && cli.terminal.canAsk) {
    // A code that waited so long would be wrong, and count as such.
    cli.note(`${problem.detail} Type the code that is shown then.`);
    await sleepUntil(due);
    return typed.ask(cli, `, to ${deed}`);
  }
  if (problem.code !== 'otp_step_used') return null;
  const spent = `This code was used already. The next one is valid in ${Math.ceil(retryAfterMs / 1_000)} s`;
  if (cli.terminal.canAsk) {
    cli.note(`${spent}; type it then.`);
    await sleepUntil(due);
    return typed.ask(cli, `, to ${deed}`);
  }
  // A piped input may hold the next code behind the first. If it does not, waiting makes no sense.
  const line = await cli.terminal.readLine();
  if (line === null) throw new Failure(EXIT.failed, `${spent}. Nothing was done.`, 'run the same again then, with that code');
  cli.note(`${spent}, and is sent then.`);
  const code = typed.read(line);
  if (code === null) throw new Failure(EXIT.usage, typed.otherwise);
  await sleepUntil(due);
  return code;
};

const sleepUntil = (due: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, Math.max(due - Date.now(), 0));
  });
