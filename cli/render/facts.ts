import type { ResponseOf } from '../../client/types.js';
import { whoText } from './done-by.js';
import { money } from './money.js';
import { table } from './table.js';

/** What is new or unusual about a batch, one paragraph a fact, for whoever is about to type a code. Empty when nothing is. */
export const shownFacts = ({ facts, currency }: ResponseOf<'ask_challenge'>['summary']): string[] => {
  const {
    same_file,
    same_payments,
    repeated_within: within,
    held_payees: held,
    foreign_accounts: foreign,
    shared_accounts: shared,
    changed_destinations: changed,
    changed_payees: payees,
    unusual_amounts: unusual,
    unusual_total,
    first_seen_payees,
  } = facts;
  const warnings = [
    ...(same_file ? [`The same file was paid before, or is being paid: ${same_file.batch_id}`] : []),
    ...(same_payments ? [`${same_payments.count} of the payments are paid or open already, most of them in ${same_payments.batch_id}`] : []),
    ...(unusual_total ? [`The total is above 3 times the usual batch of this account, ${money(unusual_total.median, currency)}`] : []),
    ...(first_seen_payees > 0 ? [`Payees who were added to this workspace on the day that the batch got its content: ${first_seen_payees}`] : []),
  ];
  return [
    ...(warnings.length > 0 ? ['Look at this first:', ...warnings.map((line) => `  ${line}`), ''] : []),
    ...(within.count > 0
      ? [
          `Payments that repeat an earlier one of this batch in payee, amount and reference: ${within.count}`,
          table(
            ['PAYEE', 'AMOUNT', 'REFERENCE', 'TIMES'],
            within.shown.map((one) => [one.payee_reference, money(one.amount, currency), one.reference, one.times]),
          ),
          '',
        ]
      : []),
    ...(changed.count > 0
      ? [
          `Destinations that are not the account that was paid last: ${changed.count}`,
          table(
            ['PAYEE', 'PAID LAST', 'NOW', 'CHANGED BY', 'AT'],
            changed.shown.map((one) => [one.payee_reference, one.from, one.to, whoText(one.changed_by), one.changed_at]),
          ),
          '',
        ]
      : []),
    ...(payees.count > 0
      ? [
          `Payees whose name, type or country is not what was paid last: ${payees.count}`,
          table(
            ['PAYEE', 'NAME', 'TYPE', 'COUNTRY', 'CHANGED BY', 'AT'],
            payees.shown.map((one) => [
              ...[one.payee_reference, changeText(one.name), changeText(one.payee_type), changeText(one.country)],
              ...[whoText(one.changed_by), one.changed_at],
            ]),
          ),
          '',
        ]
      : []),
    ...(held.count > 0
      ? [
          `Held payees: ${held.count}. While they are held nothing is sent to them: ${held.payments} payments, ${money(held.amount, currency)}`,
          table(
            ['PAYEE', 'HELD SINCE', 'HELD BY', 'REASON'],
            held.shown.map((one) => [one.payee_reference, one.held_at, whoText(one.held_by), one.reason]),
          ),
          '',
        ]
      : []),
    ...(foreign.count > 0
      ? [
          `New destinations in another country than the payee: ${foreign.count}`,
          table(
            ['PAYEE', 'COUNTRY', 'DESTINATION'],
            foreign.shown.map((one) => [one.payee_reference, one.country, one.destination]),
          ),
          '',
        ]
      : []),
    ...(shared.count > 0
      ? [
          `New destinations of an account that another payee has: ${shared.count}`,
          table(
            ['PAYEE', 'DESTINATION', 'ALSO OF'],
            shared.shown.map((one) => [one.payee_reference, one.destination, one.other_payee_reference]),
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

const changeText = (change: { from: string; to: string } | null): string | null => change && `${change.from} → ${change.to}`;
