import { z } from 'zod';
import { paymentReference } from '../../contracts/batches.js';
import { destinationInput, payeeFields } from '../../contracts/payees.js';
import { amountForm, separatorIn } from '../../domain/amount-text.js';
import { repeatError, repeatedPayments } from '../../domain/batch/repeats.js';
import { AMOUNT_MAX, currencyExponent, formatMoney, parseDecimal } from '../../domain/money.js';
import { limitRefusal } from '../../domain/plans.js';
import { ERRORS_MAX, type FieldError, type Refusal } from '../../domain/result.js';
import { spreadsheetMark } from '../../domain/spreadsheet-marks.js';
import { unfitCharacter, unfitMessage } from '../../domain/text.js';
import type { Context } from '../context.js';
import { givesDestination, type PayeeInput } from '../payee/details.js';
import { checkPayment, checkUnit, inspectPayees } from './check-payments.js';
import { FileFaults } from './file-faults.js';
import { type CsvPart, type CsvRow, readCsv } from './read-csv.js';
import type { PaymentTerms } from './resolve-terms.js';
import { SaidPayees } from './said-payees.js';
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
  /** Whether a row may repeat an earlier one, or a payment of another batch. */
  allowDuplicates: boolean;
  partRows: number;
  /** After each part, with the rows so far: whether to go on. It may throw. */
  goOn: (rows: number) => boolean | Promise<boolean>;
}

/**
 * First pass over a file: finds everything that could be wrong with it and writes nothing. Holds one part in memory, and of the rows so
 * far digests of payments and what was said of payees. Lists the first 100 errors and counts all wrong rows.
 */
export const checkCsv = async (
  ctx: Context,
  bytes: AsyncIterable<Uint8Array>,
  { terms, allowDuplicates, partRows, goOn }: Checking,
): Promise<CsvTotals | { refusal: Refusal } | 'stopped'> => {
  const seen = allowDuplicates ? null : new SeenDigests();
  const said = new SaidPayees(ctx.services.sha256, { at: (row) => `row ${row}`, many: 'rows' });
  const faults = new FileFaults();
  const sum = new RunningSum();
  const elsewhere = new Map<string, number>();
  const elsewhereRows: FieldError[] = [];
  let elsewhereCount = 0;
  let count = 0;
  let total = 0n;
  for await (const part of readCsv(bytes, partRows)) {
    const { payments, errors } = await checkPart(ctx, part, terms, said, sum);
    const repeats: FieldError[] = [];
    for (const payment of payments) {
      count += 1;
      total += payment.amount;
      const earlier = seen?.add(rowDigest(ctx, payment), payment.place.row ?? 0) ?? null;
      if (earlier !== null) repeats.push({ ...repeatOf(earlier), ...payment.place });
    }
    faults.add(errors, repeats);
    if (!allowDuplicates && faults.isEmpty) {
      const found = await repeatsElsewhere(ctx, payments, terms);
      for (const [batchId, equal] of found?.earlier ?? []) elsewhere.set(batchId, (elsewhere.get(batchId) ?? 0) + equal);
      elsewhereCount += found?.count ?? 0;
      for (const one of found?.first ?? []) {
        if (elsewhereRows.length === ERRORS_MAX) break;
        elsewhereRows.push(repeatError({ field: 'row', ...payments[one.place]?.place }, one, terms.currency));
      }
    }
    if (!(await goOn(part.from + part.rows.length))) return 'stopped';
  }
  faults.add([...totalErrors(total, terms.currency), ...checkUnit('file', count, terms.capabilities)], []);
  const wrong = faults.refusal();
  if (wrong) return { refusal: wrong };
  const { plan } = await ctx.inTenant((stores) => stores.workspaces.get());
  const tooMany = limitRefusal(plan, 'items', count, count);
  if (tooMany) return { refusal: tooMany };
  if (elsewhereCount === 0) return { count, total };
  const earlier = [...elsewhere].sort(([a, as], [b, bs]) => bs - as || (a < b ? 1 : -1));
  return { refusal: repeatedPayments({ count: elsewhereCount, earlier }, elsewhereRows) };
};

const totalErrors = (total: bigint, currency: string): FieldError[] =>
  total > AMOUNT_MAX ? [{ field: 'amount', reason: 'total_too_large', message: `the sum must not exceed ${formatMoney(AMOUNT_MAX, currency)}` }] : [];

/** Which of these payments are paid or open in another batch. Null when none is. */
const repeatsElsewhere = (ctx: Context, payments: readonly CsvPayment[], { currency }: PaymentTerms) =>
  ctx.inTenant((stores) =>
    stores.facts.repeatsOf(
      payments.map(({ payee, amount, reference }) => ({ payeeId: null, payeeReference: payee.payee.reference, amount, reference })),
      currency,
    ),
  );

type CheckedPart = { payments: CsvPayment[]; errors: FieldError[] };

/** `sum` is of the rows of earlier parts, and what they say of payees is in `said`. */
const checkPart = async (ctx: Context, part: CsvPart, terms: PaymentTerms, said: SaidPayees, sum: RunningSum): Promise<CheckedPart> => {
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
  for (const [i, { place }] of payments.entries()) {
    const payee = inspected[i];
    if (!payee?.said) throw new Error('a row was not inspected');
    const wrong = said.hear(payee.said, place.row ?? 0, payee.errors);
    // A row that only disagrees with earlier ones is a payment, not a total.
    if (wrong.length > 0 && payee.errors.length > 0 && totals.has(place)) errors.push({ ...TOTAL_ROW, ...place });
    else errors.push(...wrong.map((error) => ({ ...error, field: columnOf(error.field), ...place })));
  }
  return { payments, errors };
};

/** Minor units; 0 of an amount that cannot be read. */
const amountOf = ({ cells: { amount = '' } }: CsvRow, parsed: ReturnType<typeof parseRow>, { currency }: PaymentTerms): bigint => {
  if (!('errors' in parsed)) return parsed.amount;
  const read = parseDecimal(amount, currency);
  return read.ok ? read.value : 0n;
};

/** None of the three can hold a line feed, so different rows are different texts. */
const rowDigest = (ctx: Context, { payee, amount, reference }: CsvPayment): Uint8Array =>
  ctx.services.sha256(encoder.encode(`${payee.payee.reference}\n${amount}\n${reference}`));

const encoder = new TextEncoder();

const repeatOf = (earlier: number): FieldError => ({
  field: 'row',
  reason: 'duplicate',
  message: `repeats payee_reference, amount and reference of row ${earlier}; take it out, or send the file with allow_duplicates`,
});

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
  if (amount.ok && decimals !== undefined && (decimals.length <= digits || (decimals.length === 3 && /^[1-9]\d{0,2}$/.test(decimal))))
    errors.push({ field: 'amount', reason: 'ambiguous_amount', message: `${MAY_BE_SPLIT}: ${amountForm(digits)}` });
  if (!amount.ok || errors.length > 0) return { errors: errors.map((error) => ({ ...error, ...place })) };
  const payee = { reference: payee_reference, name: payee_name, payee_type, country, ...destination };
  return { place, payee: { payee }, amount: amount.value, reference };
};

const MAY_BE_SPLIT = 'the digits in the cell behind this whole amount may belong to it, split off by a comma';

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
