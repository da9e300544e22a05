import { toItemId, toWireId } from '../ids.js';
import type { ItemState } from '../item/states.js';
import { formatMoney } from '../money.js';
import { ERRORS_MAX, type FieldError, type Refusal, refuse } from '../result.js';

/** A payment that equals one of an earlier batch in payee, amount and reference. */
export interface RepeatedPayment {
  payeeReference: string;
  /** Minor units. */
  amount: bigint;
  /** The newest one that it equals. */
  equals: { batchId: string; ordinal: number; state: ItemState };
}

/** Payments that earlier batches have already. */
export interface Repeats {
  count: number;
  /** The earlier batches, those with most of them first; of very many only the first. */
  earlier: readonly (readonly [batchId: string, count: number])[];
}

/** Earlier batches that a sentence names. */
const NAMED_MAX = 3;

/** One of the payments as an error of the request or file. `where`: its item or its row. */
export const repeatError = (
  where: Pick<FieldError, 'field' | 'row' | 'line'>,
  { payeeReference, amount, equals: { batchId, ordinal, state } }: RepeatedPayment,
  currency: string,
): FieldError => {
  const batch_id = toWireId('batch', batchId);
  return {
    ...where,
    reason: 'repeated',
    message: `${payeeReference}, ${formatMoney(amount, currency)}: equals item ${ordinal} of ${batch_id}, which is ${state}`,
    equals: { batch_id, item_id: toItemId(batchId, ordinal), ordinal, state, payee_reference: payeeReference, amount: Number(amount) },
  };
};

/** `errors`: the payments, up to a hundred, as `repeatError` makes them. */
export const repeatedPayments = (repeats: Repeats, errors: readonly FieldError[]): Refusal => {
  const { count, earlier } = repeats;
  const [them, they] = count === 1 ? ['it', 'it is'] : ['them', 'they are'];
  const listed = count > errors.length && errors.length > 0 ? ` The first ${errors.length} are listed.` : '';
  return refuse(
    'repeated_payments',
    `${whereText(repeats, errors)}.${listed} Take ${them} out, or send the batch with allow_duplicates if ${they} to be paid once more.`,
    { errors: errors.slice(0, ERRORS_MAX), extra: { batch_id: earlier[0] ? toWireId('batch', earlier[0][0]) : null, count } },
  ).refusal;
};

const whereText = ({ count, earlier }: Repeats, errors: readonly FieldError[]): string => {
  const [only] = errors;
  if (count === 1 && only?.equals) return `1 payment equals one in ${only.equals.batch_id} (item ${only.equals.ordinal}, ${only.equals.state})`;
  const [first, ...more] = earlier;
  if (first && more.length === 0 && first[1] === count) return `${count} payments equal ones in ${toWireId('batch', first[0])}`;
  const named = earlier.slice(0, NAMED_MAX);
  const others = count - named.reduce((sum, [, theirs]) => sum + theirs, 0);
  const places = [...named.map(([id, theirs]) => `${theirs} in ${toWireId('batch', id)}`), ...(others > 0 ? [`${others} in others`] : [])];
  return `${count} payments equal earlier ones: ${places.join(', ')}`;
};
