import type { Client } from '../../client/client.js';
import { ProblemError } from '../../client/problem-error.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { ask } from '../prompt.js';
import type { Batch } from '../render/batch.js';
import { challengeSummary } from './summary.js';

export type Gate = 'approve' | 'authorize' | 'execute';

/** A spent or mistyped code is asked for again; the account locks itself after five wrong ones. */
const TRIES = 4;

/**
 * Shows what would be paid, asks for the code, opens the gate. One Idempotency-Key over all tries: the gate is opened at
 * most once, whatever the network does.
 */
export const openGate = async (cli: Cli, client: Client, batchId: string, gate: Gate): Promise<Batch> => {
  const challenge = await client.ask_challenge({ batch_id: batchId, gate });
  cli.tell(challengeSummary(challenge));
  const idempotencyKey = crypto.randomUUID();
  const opened = client[`${gate}_payout_batch`];
  for (let attempt = 1, code = await askCode(cli, gate); ; attempt++) {
    try {
      return await opened({ batch_id: batchId, challenge_id: challenge.id, code }, { idempotencyKey });
    } catch (error) {
      if (attempt === TRIES) throw error;
      const next = await nextCode(cli, gate, error);
      if (next === null) throw error;
      code = next;
    }
  }
};

const askCode = async (cli: Cli, gate: Gate): Promise<string> => {
  const asked = await ask(cli.terminal, `Code of your authenticator, to ${gate}`, 'open');
  return codeIn(asked);
};

const codeIn = (line: string): string => {
  const code = line.trim();
  if (!/^\d{6}$/.test(code)) throw new Failure(EXIT.usage, 'A code is six digits.');
  return code;
};

/** Another code after a failure that another code mends, else null. */
const nextCode = async (cli: Cli, gate: Gate, error: unknown): Promise<string | null> => {
  if (!(error instanceof ProblemError)) return null;
  const { problem, retryAfterMs } = error;
  if (problem.code === 'code_wrong' && cli.terminal.canAsk) {
    cli.tell(problem.detail);
    return askCode(cli, gate);
  }
  if (problem.code !== 'otp_step_used' || retryAfterMs === null) return null;
  const due = Date.now() + retryAfterMs;
  const spent = `This code was used already. The next one is valid in ${Math.ceil(retryAfterMs / 1_000)} s`;
  if (cli.terminal.canAsk) {
    cli.tell(`${spent}; type it then.`);
    await sleepUntil(due);
    return askCode(cli, gate);
  }
  // Where codes are piped the next one may stand behind the first. If it does not, waiting would be in vain.
  const line = await cli.terminal.readLine();
  if (line === null) throw new Failure(EXIT.failed, `${spent}. Nothing was opened.`, 'run the same again then, with that code');
  cli.tell(`${spent}, and is sent then.`);
  await sleepUntil(due);
  return codeIn(line);
};

const sleepUntil = (due: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, Math.max(due - Date.now(), 0));
  });
