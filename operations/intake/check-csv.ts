import { z } from 'zod';
import { paymentReference } from '../../contracts/batches.js';
import { destinationInput, payeeFields } from '../../contracts/payees.js';
import { amountForm, separatorIn } from '../../domain/amount-text.js';
import { duplicateItems, repeatedPayments } from '../../domain/batch/refusals.js';
import type { RawDestination } from '../../domain/destination.js';
import { AMOUNT_MAX, currencyExponent, formatMoney, parseDecimal } from '../../domain/money.js';
import { ERRORS_MAX, type FieldError, type Refusal, wrongInput } from '../../domain/result.js';
import { spreadsheetMark } from '../../domain/spreadsheet-marks.js';
import { unfitCharacter, unfitMessage } from '../../domain/text.js';
import type { Context } from '../context.js';
import { givesDestination, type PayeeInput } from '../payee/details.js';
import { NAME_DIFFERS } from '../payee/plan.js';
import { checkPayment, checkUnit, inspectPayees } from './check-payments.js';
import { type CsvPart, type CsvRow, readCsv } from './read-csv.js';
import type { PaymentTerms } from './resolve-terms.js';
import { SeenDigests } from './seen-digests.js';
import { RunningSum, TOTAL_ROW } from './total-row.js';

/** Count and sum of a file without errors. */
export interface CsvTotals {
  count: number;
  /** Minor units. */
  total: bigint;
}

export interface Checking {
  terms: PaymentTerms;
  /** Whether a row may repeat an earlier one. */
  allowDuplicates: boolean;
  /** Whether it looks for payments that another batch pays already. Whoever stores the rows finds them when it seals the batch. */
  lookElsewhere: boolean;
  partRows: number;
  /** After each part, with the rows so far: whether to go on. It may throw. */
  goOn: (rows: number) => boolean | Promise<boolean>;
}

/**
 * First pass over a file: finds everything that could be wrong with it and writes nothing. Holds one part and the digests of the
 * rows so far in memory. Stops at 100 errors.
 */
export const checkCsv = async (
  ctx: Context,
  bytes: AsyncIterable<Uint8Array>,
  { terms, allowDuplicates, lookElsewhere, partRows, goOn }: Checking,
): Promise<CsvTotals | { refusal: Refusal } | 'stopped'> => {
  const seen = allowDuplicates ? null : new SeenDigests();
  const described = new SeenDigests();
  const sum = new RunningSum();
  const errors: FieldError[] = [];
  const repeats: FieldError[] = [];
  const elsewhere = new Map<string, number>();
  let count = 0;
  let total = 0n;
  for await (const part of readCsv(bytes, partRows)) {
    const checked = await checkPart(ctx, part, terms, described, sum);
    errors.push(...checked.errors);
    for (const payment of checked.payments) {
      count += 1;
      total += payment.amount;
      if (repeats.length < ERRORS_MAX && seen?.add(rowDigest(ctx, payment)) === false) repeats.push({ ...REPEAT, ...payment.place });
    }
    if (lookElsewhere && !allowDuplicates) {
      const found = await repeatsElsewhere(ctx, checked.payments, terms);
      if (found) elsewhere.set(found.batchId, (elsewhere.get(found.batchId) ?? 0) + found.count);
    }
    if (errors.length >= ERRORS_MAX) break;
    if (!(await goOn(part.from + part.rows.length))) return 'stopped';
  }
  if (total > AMOUNT_MAX)
    errors.push({ field: 'amount', reason: 'total_too_large', message: `the sum must not exceed ${formatMoney(AMOUNT_MAX, terms.currency)}` });
  errors.push(...checkUnit('file', count, terms.capabilities));
  if (errors.length > 0) return { refusal: wrongInput(errors, 'file') };
  if (repeats.length > 0) return { refusal: duplicateItems(repeats) };
  const [most] = [...elsewhere].sort(([, a], [, b]) => b - a);
  if (most)
    return {
      refusal: repeatedPayments(
        [...elsewhere.values()].reduce((sum, repeated) => sum + repeated),
        most[0],
      ),
    };
  return { count, total };
};

/** How many of these payments are paid or open in another batch, and in which most of them. Null when none is. */
const repeatsElsewhere = (ctx: Context, payments: readonly CsvPayment[], { currency }: PaymentTerms) =>
  ctx.inTenant((stores) =>
    stores.facts.repeatsOf(
      payments.map(({ payee, amount, reference }) => ({ payeeId: null, payeeReference: payee.payee.reference, amount, reference })),
      currency,
    ),
  );

type CheckedPart = { payments: CsvPayment[]; errors: FieldError[] };

/**
 * `described` holds the references of new payees that earlier parts described, and each with its name: a later row may name them and say no
 * more. `sum` is of the rows of earlier parts.
 */
const checkPart = async (ctx: Context, part: CsvPart, terms: PaymentTerms, described: SeenDigests, sum: RunningSum): Promise<CheckedPart> => {
  const errors = [...part.errors];
  const payments: CsvPayment[] = [];
  const totals = new Set<CsvRow['place']>();
  for (const row of part.rows) {
    const parsed = parseRow(row, terms);
    if (sum.add(amountOf(row, parsed, terms)) && !givesDestination(row.cells)) totals.add(row.place);
    if (!('errors' in parsed)) payments.push(parsed);
    else if (totals.has(row.place)) errors.push({ ...TOTAL_ROW, ...row.place });
    else errors.push(...parsed.errors);
  }
  if (payments.length === 0) return { payments, errors };
  const inputs = payments.map(({ payee }) => payee);
  const inspected = await ctx.inTenant((stores) => inspectPayees(ctx, stores, inputs, terms.capabilities));
  const good: Uint8Array[] = [];
  for (const [i, { place, payee }] of payments.entries()) {
    // The description of a known payee is stored already.
    if (inspected[i]?.isNew === false && inspected[i]?.errors.length === 0) continue;
    const { reference, name } = payee.payee;
    const digest = textDigest(ctx, reference);
    const isDescribed = described.has(digest);
    const left = (inspected[i]?.errors ?? []).filter((error) => !(isDescribed && isFilledIn(error, payee.payee)));
    // A reference has no line feed, so this is no reference.
    const named = name === undefined ? null : textDigest(ctx, `${reference}\n${name}`);
    if (isDescribed && named && !described.has(named)) left.push(NAME_DIFFERS);
    if (left.length > 0 && totals.has(place)) errors.push({ ...TOTAL_ROW, ...place });
    else errors.push(...left.map((error) => ({ ...error, field: columnOf(error.field), ...place })));
    if (left.length === 0) good.push(digest, ...(named ? [named] : []));
  }
  for (const digest of good) described.add(digest);
  return { payments, errors: errors.sort((a, b) => (a.row ?? 0) - (b.row ?? 0)) };
};

/** Minor units; 0 of an amount that cannot be read. */
const amountOf = ({ cells: { amount = '' } }: CsvRow, parsed: ReturnType<typeof parseRow>, { currency }: PaymentTerms): bigint => {
  if (!('errors' in parsed)) return parsed.amount;
  const read = parseDecimal(amount, currency);
  return read.ok ? read.value : 0n;
};

/** Is this error of a payee that an earlier part described none? What is left out is filled in, and the name is compared with the earlier one. */
const isFilledIn = (error: FieldError, payee: RawDestination): boolean =>
  error.reason === 'required' || error === NAME_DIFFERS || (error.reason === 'one_destination' && !givesDestination(payee));

const textDigest = (ctx: Context, text: string): Uint8Array => ctx.services.sha256(encoder.encode(text));

/** None of the three can hold a line feed, so different rows are different texts. */
const rowDigest = (ctx: Context, { payee, amount, reference }: CsvPayment): Uint8Array =>
  ctx.services.sha256(encoder.encode(`${payee.payee.reference}\n${amount}\n${reference}`));

const encoder = new TextEncoder();

const REPEAT = { field: 'row', reason: 'duplicate', message: 'repeats payee_reference, amount and reference of an earlier row' };

/** A row of the file as a payment. */
export interface CsvPayment {
  place: CsvRow['place'];
  payee: PayeeInput & { payee: { reference: string } };
  /** Minor units. */
  amount: bigint;
  reference: string;
}

/** The rules of the JSON contract under the names of the columns. */
const cells = z.object({
  payee_reference: payeeFields.reference,
  payee_name: payeeFields.name.optional(),
  payee_type: payeeFields.payee_type.unwrap().optional(),
  country: payeeFields.country.optional(),
  ...destinationInput,
  amount: z.string(),
  reference: paymentReference,
});

/** A row's cells → a payment, or every error of the row. An error never repeats the cell. */
export const parseRow = ({ place, cells: raw, decimals }: CsvRow, terms: PaymentTerms): CsvPayment | { errors: FieldError[] } => {
  const marked = markedCells(raw);
  const parsed = cells.safeParse(raw);
  if (!parsed.success || marked.length > 0) {
    const others = (parsed.error?.issues ?? [])
      .map((issue) => toError(issue, raw))
      .filter(({ field }) => !marked.some((cell) => cell.field === field));
    return { errors: [...marked, ...others].map((error) => ({ ...error, ...place })) };
  }
  const { payee_reference, payee_name, payee_type, country, amount: decimal, reference, ...destination } = parsed.data;
  const amount = parseDecimal(decimal, terms.currency);
  const errors = checkPayment({ reference, remittance: '' }, terms.currency, terms.capabilities);
  if (!amount.ok) errors.push({ field: 'amount', reason: 'amount', message: amount.refusal.detail + settingFor(decimal, terms.currency) });
  const digits = currencyExponent(terms.currency) ?? 0;
  if (amount.ok && decimals !== undefined && decimals.length <= digits)
    errors.push({ field: 'amount', reason: 'ambiguous_amount', message: `${MAY_BE_SPLIT}: ${amountForm(digits)}` });
  if (!amount.ok || errors.length > 0) return { errors: errors.map((error) => ({ ...error, ...place })) };
  const payee = { reference: payee_reference, name: payee_name, payee_type, country, ...destination };
  return { place, payee: { payee }, amount: amount.value, reference };
};

const MAY_BE_SPLIT = 'the digits in the cell behind this whole amount may be its decimals, split off by a comma';

/** Cells that hold what a spreadsheet wrote in place of what was meant. What is wrong with an amount is said by its own rules. */
const markedCells = (raw: CsvRow['cells']): FieldError[] =>
  Object.entries(raw).flatMap(([field, text]) => {
    const mark = field === 'amount' ? null : spreadsheetMark(text);
    return mark ? [{ field, reason: 'spreadsheet_cell', message: mark.message }] : [];
  });

/** The setting of the program that writes other separators, for a message to end with. */
const settingFor = (decimal: string, currency: string): string => {
  const separator = separatorIn(decimal, currencyExponent(currency) ?? 0);
  if (separator === null) return '';
  return `; ${separator === 'thousands' ? WITHOUT_THOUSANDS : WITH_POINT}`;
};

const WITHOUT_THOUSANDS = 'take the thousands separator out of the number format of the column and export again';
const WITH_POINT = [
  'in Excel turn off "Use system separators" (Options, Advanced) and choose the point',
  'in Google Sheets and LibreOffice choose the locale English (United States)',
].join('; ');

const toError = (issue: z.core.$ZodIssue, raw: CsvRow['cells']): FieldError => {
  const field = String(issue.path[0]);
  if (!(field in raw)) return { field, reason: 'missing', message: 'this cell must not be empty' };
  if (issue.code === 'too_big') return { field, reason: 'too_long', message: `at most ${issue.maximum} characters` };
  const unfit = unfitCharacter(raw[field as keyof typeof raw] ?? '');
  if (unfit) return { field, reason: 'characters', message: unfitMessage(unfit) };
  const reason = issue.code === 'custom' ? issue.params?.['reason'] : undefined;
  if (typeof reason === 'string') return { field, reason, message: issue.message };
  return { field, reason: issue.code === 'invalid_value' ? 'one_of' : 'form', message: MESSAGES[field] ?? 'this cell is not of the right form' };
};

const MESSAGES: Readonly<Record<string, string>> = {
  payee_reference: 'printable ASCII without spaces, at most 64 characters',
  payee_type: 'individual or company',
};

/** Member of a payee → column of the file. */
export const columnOf = (member: string): string => COLUMNS[member] ?? member;

const COLUMNS: Readonly<Record<string, string>> = {
  name: 'payee_name',
  reference: 'payee_reference',
  payee: 'payee_reference',
  payee_id: 'payee_reference',
};
