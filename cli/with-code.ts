import { ProblemError } from '../client/problem-error.js';
import type { Cli } from './cli.js';
import { EXIT, Failure } from './failure.js';
import { ask } from './prompt.js';

/** After a used or mistyped code the command asks again. The server locks the account after five wrong ones, so it stops before that. */
const TRIES_MAX = 4;

/**
 * Asks for the code of the person's authenticator and sends it with `send`; `deed` says what for, such as `approve`. All tries carry one
 * Idempotency-Key, so the deed is done at most once, whatever the network does.
 */
export const withCode = async <T>(cli: Cli, deed: string, send: (code: string, idempotencyKey: string) => Promise<T>): Promise<T> => {
  const idempotencyKey = crypto.randomUUID();
  for (let attempt = 1, code = await askCode(cli, deed); ; attempt++) {
    try {
      return await send(code, idempotencyKey);
    } catch (error) {
      if (attempt === TRIES_MAX) throw error;
      const next = await nextCode(cli, deed, error);
      if (next === null) throw error;
      code = next;
    }
  }
};

const askCode = async (cli: Cli, deed: string): Promise<string> => {
  const asked = await ask(cli.terminal, `Code of your authenticator, to ${deed}`, 'open');
  return codeIn(asked);
};

const codeIn = (line: string): string => {
  const code = line.trim();
  if (!/^\d{6}$/.test(code)) throw new Failure(EXIT.usage, 'A code is six digits.');
  return code;
};

/** Another code after a failure that another code can fix, else null. */
const nextCode = async (cli: Cli, deed: string, error: unknown): Promise<string | null> => {
  if (!(error instanceof ProblemError)) return null;
  const { problem, retryAfterMs } = error;
  if (problem.code === 'code_wrong' && cli.terminal.canAsk) {
    cli.note(problem.detail);
    return askCode(cli, deed);
  }
  if (problem.code !== 'otp_step_used' || retryAfterMs === null) return null;
  const due = Date.now() + retryAfterMs;
  const spent = `This code was used already. The next one is valid in ${Math.ceil(retryAfterMs / 1_000)} s`;
  if (cli.terminal.canAsk) {
    cli.note(`${spent}; type it then.`);
    await sleepUntil(due);
    return askCode(cli, deed);
  }
  // A piped input may hold the next code behind the first. If it does not, waiting makes no sense.
  const line = await cli.terminal.readLine();
  if (line === null) throw new Failure(EXIT.failed, `${spent}. Nothing was done.`, 'run the same again then, with that code');
  cli.note(`${spent}, and is sent then.`);
  await sleepUntil(due);
  return codeIn(line);
};

const sleepUntil = (due: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, Math.max(due - Date.now(), 0));
  });
