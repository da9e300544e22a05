// What is new or unusual about a batch, in the words that `sluice batch approve` prints (cli/render/facts.ts).
import { nameChange, whoText } from './text.js';

/** Payments of earlier batches that a screen lists, and batches that its sentence names. */
const SAME_SHOWN = 10;
const BATCHES_NAMED = 3;

/**
 * `first`: sentences to look at first. `tables`: one a fact, each with its title, the names of its columns, and its rows. Both are empty when
 * nothing is unusual. `money` writes an amount of a currency.
 */
export const unusualOf = ({ facts, currency }, money) => {
  const amount = (minor) => money(minor, currency);
  const same = facts.same_payments;
  const { repeated_within: within, changed_destinations: changed, changed_payees: payees, held_payees: held } = facts;
  const { foreign_accounts: foreign, shared_accounts: shared, unusual_amounts: unusual, unusual_total: total } = facts;
  const first = [
    facts.same_file && `The same file was paid before, or is being paid: ${facts.same_file.batch_id}`,
    same && samePaymentsText(same),
    total && `The total is above 3 times the usual batch of this account, ${amount(total.median)}`,
    facts.first_seen_payees > 0 && `Payees who were added to this workspace on the day that the batch got its content: ${facts.first_seen_payees}`,
  ];
  const tables = [
    same?.shown.length > 0 && {
      title: `Payments that equal earlier ones in payee, amount and reference: ${same.count}${largest(same.shown)}`,
      columns: ['#', 'Payee', 'Amount', 'Reference', 'Times', 'Equals'],
      rows: same.shown
        .slice(0, SAME_SHOWN)
        .map((one) => [
          ...[one.ordinal, one.payee_reference, amount(one.amount), one.reference, one.times],
          `#${one.equals.ordinal} of ${one.equals.batch_id}, ${one.equals.state}`,
        ]),
    },
    within.count > 0 && {
      title: `Payments that repeat an earlier one of this batch in payee, amount and reference: ${within.count}`,
      columns: ['Payee', 'Amount', 'Reference', 'Times'],
      rows: within.shown.map((one) => [one.payee_reference, amount(one.amount), one.reference, one.times]),
    },
    changed.count > 0 && {
      title: `Destinations that are not the account that was paid last: ${changed.count}`,
      columns: ['Payee', 'Paid last', 'Now', 'Changed by', 'At'],
      rows: changed.shown.map((one) => [one.payee_reference, one.from, one.to, whoText(one.changed_by), one.changed_at]),
    },
    payees.count > 0 && {
      title: `Payees whose name, type or country is not what was paid last: ${payees.count}`,
      columns: ['Payee', 'Name', 'Type', 'Country', 'Changed by', 'At'],
      rows: payees.shown.map((one) => [
        ...[one.payee_reference, one.name && nameChange(one.name), changeText(one.payee_type), changeText(one.country)],
        ...[whoText(one.changed_by), one.changed_at],
      ]),
    },
    held.count > 0 && {
      title: `Held payees: ${held.count}. While they are held nothing is sent to them: ${held.payments} payments, ${amount(held.amount)}`,
      columns: ['Payee', 'Held since', 'Held by', 'Reason'],
      rows: held.shown.map((one) => [one.payee_reference, one.held_at, whoText(one.held_by), one.reason]),
    },
    foreign.count > 0 && {
      title: `New destinations in another country than the payee: ${foreign.count}`,
      columns: ['Payee', 'Country', 'Destination'],
      rows: foreign.shown.map((one) => [one.payee_reference, one.country, one.destination]),
    },
    shared.count > 0 && {
      title: `New destinations of an account that another payee has: ${shared.count}`,
      columns: ['Payee', 'Destination', 'Also of'],
      rows: shared.shown.map((one) => [one.payee_reference, one.destination, one.other_payee_reference]),
    },
    unusual.count > 0 && {
      title: `Payments above 10 times the payee's median: ${unusual.count}`,
      columns: ['Payee', 'Amount', 'Median'],
      rows: unusual.shown.map((one) => [one.payee_reference, amount(one.amount), amount(one.median)]),
    },
  ];
  return { first: first.filter(Boolean), tables: tables.filter(Boolean) };
};

const samePaymentsText = ({ count, batch_id, batches }) => {
  const said = count === 1 ? '1 of the payments is paid or open already' : `${count} of the payments are paid or open already`;
  if (batches.length === 0) return `${said}. Look at ${batch_id}: no other earlier batch has more of them`;
  if (batches.length === 1) return `${said}, in ${batches[0].batch_id}`;
  const named = batches.slice(0, BATCHES_NAMED);
  const others = count - named.reduce((sum, one) => sum + one.count, 0);
  return `${said}: ${[...named.map((one) => `${one.count} in ${one.batch_id}`), ...(others > 0 ? [`${others} in others`] : [])].join(', ')}`;
};

/** Says so where a screen lists the largest alone. */
const largest = ({ length }) => (length > SAME_SHOWN ? `. The ${SAME_SHOWN} largest` : '');

const changeText = (change) => change && `${change.from} → ${change.to}`;
