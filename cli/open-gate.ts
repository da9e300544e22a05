import type { Client } from '../client/client.js';
import { ProblemError } from '../client/problem-error.js';
import type { ResponseOf } from '../client/types.js';
import type { Cli } from './cli.js';
import { EXIT, Failure } from './failure.js';
import { ask } from './prompt.js';
import type { Batch } from './render/batch.js';
import { money } from './render/money.js';
import { facts, table } from './render/table.js';

export type Gate = 'approve' | 'authorize' | 'execute';

/** After a used or mistyped code the command asks again. The server locks the account after five wrong ones, so it stops before that. */
const TRIES_MAX = 4;

/**
 * Shows what would be paid, asks for the code and opens the gate. All tries carry one Idempotency-Key, so the gate opens at
 * most once, whatever the network does.
 */
export const openGate = async (cli: Cli, client: Client, batchId: string, gate: Gate): Promise<Batch> => {
  const challenge = await client.ask_challenge({ batch_id: batchId, gate });
  cli.note(challengeSummary(challenge));
  const idempotencyKey = crypto.randomUUID();
  const opened = client[`${gate}_payout_batch`];
  for (let attempt = 1, code = await askCode(cli, gate); ; attempt++) {
    try {
      return await opened({ batch_id: batchId, challenge_id: challenge.id, code }, { idempotencyKey });
    } catch (error) {
      if (attempt === TRIES_MAX) throw error;
      const next = await nextCode(cli, gate, error);
      if (next === null) throw error;
      code = next;
    }
  }
};

type Challenge = ResponseOf<'ask_challenge'>;

/** What the code will be bound to, shown to the person before they type it. */
const challengeSummary = ({ gate, batch_id, content_version, digest, expires_at, summary }: Challenge): string => {
  const account = summary.funding_account;
  const largest = table(
    ['PAYEE', 'NAME', 'DESTINATION', 'AMOUNT'],
    summary.largest.map((one) => [one.payee_reference, one.payee_name, one.destination, money(one.amount, summary.currency)]),
  );
  const after = gate === 'execute' ? 'the total is held already' : `after it ${money(account.balance_after, summary.currency)}`;
  const balance = `${money(account.balance, summary.currency)}, ${after}`;
  return [
    `To ${gate}:`,
    facts([
      ['batch', `${batch_id}, content version ${content_version}`],
      ['payments', summary.item_count],
      ['total', money(summary.total, summary.currency)],
      ['rail', summary.rail],
      ['from', account.name],
      ['balance', balance],
      ['new payees', summary.new_payees],
      ['digest', digest],
      ['expires', expires_at],
    ]),
    '',
    summary.largest.length === summary.item_count ? 'All of them:' : `The ${summary.largest.length} largest:`,
    largest,
    '',
  ].join('\n');
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

/** Another code after a failure that another code can fix, else null. */
const nextCode = async (cli: Cli, gate: Gate, error: unknown): Promise<string | null> => {
  if (!(error instanceof ProblemError)) return null;
  const { problem, retryAfterMs } = error;
  if (problem.code === 'code_wrong' && cli.terminal.canAsk) {
    cli.note(problem.detail);
    return askCode(cli, gate);
  }
  if (problem.code !== 'otp_step_used' || retryAfterMs === null) return null;
  const due = Date.now() + retryAfterMs;
  const spent = `This code was used already. The next one is valid in ${Math.ceil(retryAfterMs / 1_000)} s`;
  if (cli.terminal.canAsk) {
    cli.note(`${spent}; type it then.`);
    await sleepUntil(due);
    return askCode(cli, gate);
  }
  // A piped input may hold the next code behind the first. If it does not, waiting makes no sense.
  const line = await cli.terminal.readLine();
  if (line === null) throw new Failure(EXIT.failed, `${spent}. Nothing was opened.`, 'run the same again then, with that code');
  cli.note(`${spent}, and is sent then.`);
  await sleepUntil(due);
  return codeIn(line);
};

const sleepUntil = (due: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, Math.max(due - Date.now(), 0));
  });
