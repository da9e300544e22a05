import type { ResponseOf } from '../../client/types.js';
import { whoText } from './done-by.js';
import { money } from './money.js';
import { nameChange } from './name-change.js';
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
    ...(same_payments ? [samePaymentsText(same_payments)] : []),
    ...(unusual_total ? [`The total is above 3 times the usual batch of this account, ${money(unusual_total.median, currency)}`] : []),
    ...(first_seen_payees > 0 ? [`Payees who were added to this workspace on the day that the batch got its content: ${first_seen_payees}`] : []),
  ];
  return [
    ...(warnings.length > 0 ? ['Look at this first:', ...warnings.map((line) => `  ${line}`), ''] : []),
    ...(same_payments && same_payments.shown.length > 0
      ? [
          `Payments that equal earlier ones in payee, amount and reference: ${same_payments.count}${largest(same_payments.shown)}`,
          table(
            ['#', 'PAYEE', 'AMOUNT', 'REFERENCE', 'TIMES', 'EQUALS'],
            same_payments.shown
              .slice(0, SAME_SHOWN)
              .map((one) => [
                ...[one.ordinal, one.payee_reference, money(one.amount, currency), one.reference, one.times],
                `#${one.equals.ordinal} of ${one.equals.batch_id}, ${one.equals.state}`,
              ]),
          ),
          '',
        ]
      : []),
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
              ...[one.payee_reference, one.name && nameChange(one.name), changeText(one.payee_type), changeText(one.country)],
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

type SamePayments = NonNullable<ResponseOf<'ask_challenge'>['summary']['facts']['same_payments']>;

/** Payments of earlier batches that a screen lists, and batches that its sentence names. */
const SAME_SHOWN = 10;
const BATCHES_NAMED = 3;

const samePaymentsText = ({ count, batch_id, batches }: SamePayments): string => {
  const said = count === 1 ? '1 of the payments is paid or open already' : `${count} of the payments are paid or open already`;
  const [only, ...more] = batches;
  if (!only) return `${said}. Look at ${batch_id}: no other earlier batch has more of them`;
  if (more.length === 0) return `${said}, in ${only.batch_id}`;
  const named = batches.slice(0, BATCHES_NAMED);
  const others = count - named.reduce((sum, one) => sum + one.count, 0);
  return `${said}: ${[...named.map((one) => `${one.count} in ${one.batch_id}`), ...(others > 0 ? [`${others} in others`] : [])].join(', ')}`;
};

/** Says so where a screen lists the largest alone. */
const largest = ({ length }: SamePayments['shown']): string => (length > SAME_SHOWN ? `. The ${SAME_SHOWN} largest` : '');

const changeText = (change: { from: string; to: string } | null): string | null => change && `${change.from} → ${change.to}`;
