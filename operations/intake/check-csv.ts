import type { RawDestination } from '../../domain/destination.js';
import { AMOUNT_MAX } from '../../domain/money.js';
import type { FieldError, Refusal } from '../../domain/result.js';
import type { Context } from '../context.js';
import { givesDestination } from '../payee/details.js';
import { duplicateItems, wrongCsv } from '../payout-batch/refusals.js';
import { ERRORS_MAX } from './check-payment.js';
import { inspectPayees } from './inspect-payees.js';
import { type CsvPayment, columnOf, parseRow } from './parse-row.js';
import { type CsvPart, readCsv } from './read-csv.js';
import type { Terms } from './resolve-terms.js';
import { SeenDigests } from './seen-digests.js';

/** What a good file holds. */
export interface CsvTotals {
  count: number;
  /** Minor units. */
  total: bigint;
}

/**
 * First pass over a file: everything that could be wrong with it, writing nothing. Memory is one part and the digests of
 * the rows seen. Stops at 100 errors.
 */
export const checkCsv = async (
  ctx: Context,
  bytes: AsyncIterable<Uint8Array>,
  terms: Terms,
  duplicates: 'allowed' | 'refused',
  partRows: number,
): Promise<CsvTotals | { refusal: Refusal }> => {
  const seen = duplicates === 'refused' ? new SeenDigests() : null;
  const founded = new SeenDigests();
  const errors: FieldError[] = [];
  const repeats: FieldError[] = [];
  let count = 0;
  let total = 0n;
  for await (const part of readCsv(bytes, partRows)) {
    const checked = await checkPart(ctx, part, terms, founded);
    errors.push(...checked.errors);
    for (const payment of checked.payments) {
      count += 1;
      total += payment.amount;
      if (repeats.length < ERRORS_MAX && seen?.add(rowDigest(ctx, payment)) === false) repeats.push(repeat(payment.row));
    }
    if (errors.length >= ERRORS_MAX) break;
  }
  if (total > AMOUNT_MAX) errors.push({ field: 'amount', reason: 'total_too_large', message: `the sum must not exceed ${AMOUNT_MAX} minor units` });
  if (errors.length > 0) return { refusal: wrongCsv(errors) };
  if (repeats.length > 0) return { refusal: duplicateItems(repeats) };
  return { count, total };
};

type CheckedPart = { payments: CsvPayment[]; errors: FieldError[] };

/** `founded` holds the payees that earlier parts described: later rows may only name them. */
const checkPart = async (ctx: Context, part: CsvPart, terms: Terms, founded: SeenDigests): Promise<CheckedPart> => {
  const errors = [...part.errors];
  const payments: CsvPayment[] = [];
  for (const row of part.rows) {
    const parsed = parseRow(row, terms);
    if ('errors' in parsed) errors.push(...parsed.errors);
    else payments.push(parsed);
  }
  if (payments.length === 0) return { payments, errors };
  const inputs = payments.map(({ payee }) => payee);
  const inspected = await ctx.inTenant((stores) => inspectPayees(ctx, stores, inputs, terms.capabilities));
  const good: Uint8Array[] = [];
  for (const [i, { row, payee }] of payments.entries()) {
    const digest = referenceDigest(ctx, payee.payee.reference);
    const left = (inspected[i]?.errors ?? []).filter((error) => !(founded.has(digest) && isFilledIn(error, payee.payee)));
    errors.push(...left.map((error) => ({ ...error, field: columnOf(error.field), row })));
    if (left.length === 0) good.push(digest);
  }
  for (const digest of good) founded.add(digest);
  return { payments, errors: errors.sort((a, b) => (a.row ?? 0) - (b.row ?? 0)) };
};

/** Errors that are none once the second pass has stored the part that describes the payee. */
const isFilledIn = (error: FieldError, payee: RawDestination): boolean =>
  error.reason === 'required' || (error.reason === 'one_destination' && !givesDestination(payee));

const referenceDigest = (ctx: Context, reference: string): Uint8Array => ctx.services.sha256(encoder.encode(reference));

/** Line feeds cannot stand in any of the three, so different rows are different texts. */
const rowDigest = (ctx: Context, { payee, amount, reference }: CsvPayment): Uint8Array =>
  ctx.services.sha256(encoder.encode(`${payee.payee.reference}\n${amount}\n${reference}`));

const encoder = new TextEncoder();

const repeat = (row: number): FieldError => ({
  field: 'row',
  reason: 'duplicate',
  message: 'repeats payee_reference, amount and reference of an earlier row',
  row,
});
