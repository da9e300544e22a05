// What a gate would let pass, in the words that `sluice batch approve` prints (cli/open-gate.ts).
import { element, factList, money, tableOf } from './elements.js';
import { unusualOf } from './facts.js';
import { timeText } from './text.js';

export const VERBS = { approve: 'Approve', authorize: 'Authorize', execute: 'Execute' };
const MEANS = {
  approve: 'This is the first of three gates. Nothing is paid yet.',
  authorize: 'This is the second of three gates. It reserves the money; nothing is paid yet.',
  execute: 'This is the third of three gates. Then payments are sent.',
};

/** Everything that the challenge says, as elements. Nothing else goes in: what is shown is what is signed. */
export const challengeShown = ({ gate, batch_id, content_version, digest, expires_at, summary }) => {
  const account = summary.funding_account;
  const { first, tables } = unusualOf(summary, money);
  const amount = (minor) => money(minor, summary.currency);
  const after = gate === 'execute' ? 'the total is held already' : `after it ${amount(account.balance_after)}`;
  const lacking = gate !== 'execute' && account.balance_after < 0;
  return [
    element('p', {}, MEANS[gate]),
    element('p', { id: 'total' }, element('strong', {}, amount(summary.total)), ` in ${summary.item_count} payments`),
    first.length > 0
      ? element(
          'section',
          { class: 'warning', 'aria-labelledby': 'first' },
          element('h2', { id: 'first' }, 'Look at this first'),
          element('ul', {}, ...first.map((line) => element('li', {}, line))),
        )
      : null,
    lacking
      ? element(
          'p',
          { class: 'warning' },
          `Warning: ${account.name} lacks ${amount(-account.balance_after)} for this batch. Authorize is refused until that much is topped up.`,
        )
      : null,
    factList([
      ['batch', `${batch_id}, content version ${content_version}`],
      ['payments', summary.item_count],
      ...(summary.excluded_count > 0 ? [['excluded', `${summary.excluded_count} more, which are not paid`]] : []),
      ['total', amount(summary.total)],
      ['rail', summary.rail],
      ['from', account.name],
      ['balance', `${amount(account.balance)}, ${after}`],
      ['new payees', summary.new_payees === 0 ? 'none' : `${summary.new_payees}, who were never paid from this workspace before`],
      ['digest', element('code', { id: 'digest' }, digest)],
      ['expires', timeText(expires_at)],
    ]),
    tableOf({
      title: summary.largest.length === summary.item_count ? 'All of them:' : `The ${summary.largest.length} largest:`,
      columns: ['Payee', 'Name', 'Destination', 'Amount'],
      rows: summary.largest.map((one) => [one.payee_reference, one.payee_name, one.destination, amount(one.amount)]),
    }),
    ...tables.map(tableOf),
  ];
};
