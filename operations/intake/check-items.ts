import type { z } from 'zod';
import type { newItem } from '../../contracts/batches.js';
import { duplicateItems } from '../../domain/batch/refusals.js';
import { AMOUNT_MAX } from '../../domain/money.js';
import { ERRORS_MAX, type FieldError, type Refusal, wrongInput } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import { checkPayment, checkUnit, inspectPayees } from './check-payments.js';
import type { BatchHeader, Terms } from './resolve-terms.js';

type Item = z.output<typeof newItem>;

/** Checks all items of a JSON batch against rail, workspace and each other. Writes nothing. Null when nothing is wrong. */
export const checkItems = async (
  ctx: Context,
  stores: Stores,
  input: BatchHeader & { items: readonly Item[] },
  terms: Terms,
): Promise<Refusal | null> => {
  const payees = await inspectPayees(ctx, stores, input.items, terms.capabilities);
  const errors = input.items.flatMap((item, i) => [
    ...checkPayment(item, input.currency, terms.capabilities).map((error) => ({ ...error, field: `items.${i}.${error.field}` })),
    ...(payees[i]?.errors ?? []).map((error) => ({ ...error, field: payeePath(i, item, error.field) })),
  ]);
  errors.push(...totalErrors(input.items), ...checkUnit('items', input.items.length, terms.capabilities));
  if (errors.length > 0) return wrongInput(errors);
  const repeats = input.allow_duplicates
    ? []
    : repeatsOf(
        input.items,
        payees.map(({ identity }) => identity),
      );
  return repeats.length > 0 ? duplicateItems(repeats) : null;
};

const payeePath = (i: number, item: Item, field: string): string =>
  field === 'payee_id' || field === 'payee' || !item.payee ? `items.${i}.${field}` : `items.${i}.payee.${field}`;

const totalErrors = (items: readonly Item[]): FieldError[] =>
  items.reduce((sum, item) => sum + BigInt(item.amount), 0n) > AMOUNT_MAX
    ? [{ field: 'items', reason: 'total_too_large', message: `the sum must not exceed ${AMOUNT_MAX} minor units; make several batches` }]
    : [];

const repeatsOf = (items: readonly Item[], identities: readonly string[]): FieldError[] => {
  const first = new Map<string, number>();
  const errors: FieldError[] = [];
  for (const [i, { amount, reference }] of items.entries()) {
    const key = `${identities[i]}\n${amount}\n${reference}`;
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, i);
    else if (errors.length < ERRORS_MAX)
      errors.push({ field: `items.${i}`, reason: 'duplicate', message: `repeats payee, amount and reference of items.${earlier}` });
  }
  return errors;
};
