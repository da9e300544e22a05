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
  for (let attempt = 1; ; attempt++) {
    const code = await ask(cli.terminal, `Code of your authenticator, to ${gate}`, 'open');
    if (!/^\d{6}$/.test(code)) throw new Failure(EXIT.usage, 'A code is six digits.');
    try {
      return await opened({ batch_id: batchId, challenge_id: challenge.id, code }, { idempotencyKey });
    } catch (error) {
      if (attempt === TRIES || !(await mayTryAgain(cli, error))) throw error;
    }
  }
};

const mayTryAgain = async (cli: Cli, error: unknown): Promise<boolean> => {
  if (!(error instanceof ProblemError)) return false;
  if (error.problem.code === 'code_wrong' && cli.terminal.canAsk) {
    cli.tell(error.problem.detail);
    return true;
  }
  if (error.problem.code !== 'otp_step_used' || error.retryAfterMs === null) return false;
  cli.tell(`This code was used already. The next one is valid in ${Math.ceil(error.retryAfterMs / 1_000)} s; type it then.`);
  await new Promise((done) => setTimeout(done, error.retryAfterMs ?? 0));
  return true;
};
