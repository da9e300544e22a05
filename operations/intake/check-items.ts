import type { z } from 'zod';
import type { newItem } from '../../contracts/batches.js';
import { duplicateItems } from '../../domain/batch/refusals.js';
import { AMOUNT_MAX } from '../../domain/money.js';
import { type FieldError, type Refusal, wrongInput } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import { checkPayment, checkUnit, inspectPayees } from './check-payments.js';
import type { BatchHeader, Terms } from './resolve-terms.js';
import { SaidPayees } from './said-payees.js';

type Item = z.output<typeof newItem>;

/** Checks all items of a JSON batch against rail, workspace and each other. Writes nothing. Null when nothing is wrong. */
export const checkItems = async (
  ctx: Context,
  stores: Stores,
  input: BatchHeader & { items: readonly Item[] },
  terms: Terms,
): Promise<Refusal | null> => {
  const payees = await inspectPayees(ctx, stores, input.items, terms.capabilities);
  const said = new SaidPayees(ctx.services.sha256, { at: (number) => `items.${number - 1}`, many: 'items' });
  const payments = new Map<string, number>();
  const faults = input.items.flatMap((item, i): Fault[] => {
    const payee = payees[i];
    if (!payee) throw new Error(`item ${i} was not inspected`);
    const wrong = [
      ...checkPayment(item, input.currency, terms.capabilities).map((error) => ({ ...error, field: `items.${i}.${error.field}` })),
      ...(payee.said ? said.hear(payee.said, i + 1, payee.errors) : payee.errors).map((error) => ({
        ...error,
        field: payeePath(i, item, error.field),
      })),
    ];
    const repeat = input.allow_duplicates || !payee.said ? null : repeatOf(payments, item, payee.said.reference, i);
    return [...wrong.map((error) => ({ error, repeats: false })), ...(repeat ? [{ error: repeat, repeats: true }] : [])];
  });
  const errors = [...faults.map(({ error }) => error), ...totalErrors(input.items), ...checkUnit('items', input.items.length, terms.capabilities)];
  if (errors.length === 0) return null;
  return errors.length === faults.filter(({ repeats }) => repeats).length ? duplicateItems(errors) : wrongInput(errors);
};

/** An error, and whether it is that of a repeat, which may be meant. */
interface Fault {
  error: FieldError;
  repeats: boolean;
}

const payeePath = (i: number, item: Item, field: string): string =>
  field === 'payee_id' || field === 'payee' || !item.payee ? `items.${i}.${field}` : `items.${i}.payee.${field}`;

const totalErrors = (items: readonly Item[]): FieldError[] =>
  items.reduce((sum, item) => sum + BigInt(item.amount), 0n) > AMOUNT_MAX
    ? [{ field: 'items', reason: 'total_too_large', message: `the sum must not exceed ${AMOUNT_MAX} minor units; make several batches` }]
    : [];

/** `payments` has what earlier items pay, each with its place. */
const repeatOf = (payments: Map<string, number>, { amount, reference }: Item, payee: string, i: number): FieldError | null => {
  const key = `${payee}\n${amount}\n${reference}`;
  const earlier = payments.get(key);
  if (earlier === undefined) payments.set(key, i);
  return earlier === undefined
    ? null
    : { field: `items.${i}`, reason: 'duplicate', message: `repeats payee, amount and reference of items.${earlier}` };
};
