import type { ResponseOf } from '../../client/types.js';
import { money } from './money.js';
import { table } from './table.js';

/** What is new or unusual about a batch, one paragraph a fact, for whoever is about to type a code. Empty when nothing is. */
export const shownFacts = ({ facts, currency }: ResponseOf<'ask_challenge'>['summary']): string[] => {
  const { same_file, same_payments, changed_destinations: changed, unusual_amounts: unusual, unusual_total, first_seen_payees } = facts;
  const warnings = [
    ...(same_file ? [`The same file was paid before, or is being paid: ${same_file.batch_id}`] : []),
    ...(same_payments ? [`${same_payments.count} of the payments are paid or open already, most of them in ${same_payments.batch_id}`] : []),
    ...(unusual_total ? [`The total is above 3 times the usual batch of this account, ${money(unusual_total.median, currency)}`] : []),
    ...(first_seen_payees > 0 ? [`Payees who were added to this workspace on the day that the batch was sealed: ${first_seen_payees}`] : []),
  ];
  return [
    ...(warnings.length > 0 ? ['Look at this first:', ...warnings.map((line) => `  ${line}`), ''] : []),
    ...(changed.count > 0
      ? [
          `Destinations that are not the one that was paid last: ${changed.count}`,
          table(
            ['PAYEE', 'PAID LAST', 'NOW', 'CHANGED BY', 'AT'],
            changed.shown.map((one) => [one.payee_reference, one.from, one.to, one.changed_by, one.changed_at]),
          ),
          '',
        ]
      : []),
    ...(unusual.count > 0
      ? [
          `Payments above 10 times the payee's median: ${unusual.count}`,
          table(
            ['PAYEE', 'AMOUNT', 'MEDIAN'],
            unusual.shown.map((one) => [one.payee_reference, money(one.amount, currency), money(one.median, currency)]),
          ),
          '',
        ]
      : []),
  ];
};
