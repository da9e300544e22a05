import type { Client } from '../client/client.js';
import type { ResponseOf } from '../client/types.js';
import { printable } from '../domain/text.js';
import type { Cli } from './cli.js';
import type { Batch } from './render/batch.js';
import { shownFacts } from './render/facts.js';
import { money } from './render/money.js';
import { facts, table } from './render/table.js';
import { withCode } from './with-code.js';

export type Gate = 'approve' | 'authorize' | 'execute';

/**
 * Shows what would be paid, asks for the code and opens the gate. All tries carry one Idempotency-Key, so the gate opens at
 * most once, whatever the network does.
 */
export const openGate = async (cli: Cli, client: Client, batchId: string, gate: Gate): Promise<Batch> => {
  const challenge = await client.ask_challenge({ batch_id: batchId, gate });
  cli.note(challengeSummary(challenge));
  const opened = client[`${gate}_payout_batch`];
  return withCode(cli, gate, (code, idempotencyKey) => opened({ batch_id: batchId, challenge_id: challenge.id, code }, { idempotencyKey }));
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
      ...(summary.excluded_count > 0 ? [['excluded', `${summary.excluded_count} more, which are not paid`] as const] : []),
      ['total', money(summary.total, summary.currency)],
      ['rail', summary.rail],
      ['from', account.name],
      ['balance', balance],
      ['new payees', summary.new_payees === 0 ? 'none' : `${summary.new_payees}, who were never paid from this workspace before`],
      ['digest', digest],
      ['expires', expires_at],
    ]),
    '',
    ...shortfallWarning(gate, account, summary.currency),
    summary.largest.length === summary.item_count ? 'All of them:' : `The ${summary.largest.length} largest:`,
    largest,
    '',
    ...shownFacts(summary),
  ].join('\n');
};

/** What the account lacks for this batch. At execute the money is held already. */
const shortfallWarning = (gate: Gate, { name, balance_after: after }: Challenge['summary']['funding_account'], currency: string): string[] => {
  if (gate === 'execute' || after >= 0) return [];
  return [printable(`Warning: ${name} lacks ${money(-after, currency)} for this batch. Authorize is refused until that much is topped up.`), ''];
};
