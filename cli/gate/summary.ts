import type { ResponseOf } from '../../client/types.js';
import { money } from '../render/money.js';
import { facts, table } from '../render/table.js';

type Challenge = ResponseOf<'ask_challenge'>;

/** What the code will be bound to, as the person sees it before they type it. */
export const challengeSummary = ({ gate, batch_id, content_version, digest, expires_at, summary }: Challenge): string => {
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
