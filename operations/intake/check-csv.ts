import { z } from 'zod';
import { destinationInput, payeeFields } from '../../contracts/payees.js';
import { line } from '../../contracts/wire.js';
import { repeatError, repeatedPayments } from '../../domain/batch/repeats.js';
import { AMOUNT_MAX, parseDecimal } from '../../domain/money.js';
import { ERRORS_MAX, type FieldError, type Refusal } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { PayeeInput } from '../payee/details.js';
import { checkPayment, checkUnit, inspectPayees } from './check-payments.js';
import { FileFaults } from './file-faults.js';
import { type CsvPart, type CsvRow, readCsv } from './read-csv.js';
import type { PaymentTerms } from './resolve-terms.js';
import { SaidPayees } from './said-payees.js';
import { SeenDigests } from './seen-digests.js';

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
  const elsewhere = new Map<string, number>();
  const elsewhereRows: FieldError[] = [];
  let elsewhereCount = 0;
  let count = 0;
  let total = 0n;
  for await (const part of readCsv(bytes, partRows)) {
    const { payments, errors } = await checkPart(ctx, part, terms, said);
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
  faults.add([...totalErrors(total), ...checkUnit('file', count, terms.capabilities)], []);
  const wrong = faults.refusal();
  if (wrong) return { refusal: wrong };
  if (elsewhereCount === 0) return { count, total };
  const earlier = [...elsewhere].sort(([a, as], [b, bs]) => bs - as || (a < b ? 1 : -1));
  return { refusal: repeatedPayments({ count: elsewhereCount, earlier }, elsewhereRows) };
};

const totalErrors = (total: bigint): FieldError[] =>
  total > AMOUNT_MAX ? [{ field: 'amount', reason: 'total_too_large', message: `the sum must not exceed ${AMOUNT_MAX} minor units` }] : [];

/** Which of these payments are paid or open in another batch. Null when none is. */
const repeatsElsewhere = (ctx: Context, payments: readonly CsvPayment[], { currency }: PaymentTerms) =>
  ctx.inTenant((stores) =>
    stores.facts.repeatsOf(
      payments.map(({ payee, amount, reference }) => ({ payeeId: null, payeeReference: payee.payee.reference, amount, reference })),
      currency,
    ),
  );

type CheckedPart = { payments: CsvPayment[]; errors: FieldError[] };

const checkPart = async (ctx: Context, part: CsvPart, terms: PaymentTerms, said: SaidPayees): Promise<CheckedPart> => {
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
  for (const [i, { place }] of payments.entries()) {
    const payee = inspected[i];
    if (!payee?.said) throw new Error('a row was not inspected');
    const wrong = said.hear(payee.said, place.row ?? 0, payee.errors);
    errors.push(...wrong.map((error) => ({ ...error, field: columnOf(error.field), ...place })));
  }
  return { payments, errors };
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
  reference: line(140),
});

/** A row's cells → a payment, or every error of the row. An error never repeats the cell. */
export const parseRow = ({ place, cells: raw }: CsvRow, terms: PaymentTerms): CsvPayment | { errors: FieldError[] } => {
  const parsed = cells.safeParse(raw);
  if (!parsed.success) return { errors: parsed.error.issues.map((issue) => ({ ...toError(issue, raw), ...place })) };
  const { payee_reference, payee_name, payee_type, country, amount: decimal, reference, ...destination } = parsed.data;
  const amount = parseDecimal(decimal, terms.currency);
  const errors = checkPayment({ reference, remittance: '' }, terms.currency, terms.capabilities);
  if (!amount.ok) errors.push({ field: 'amount', reason: 'amount', message: decimal.includes(',') ? DECIMAL_COMMA : amount.refusal.detail });
  if (!amount.ok || errors.length > 0) return { errors: errors.map((error) => ({ ...error, ...place })) };
  const payee = { reference: payee_reference, name: payee_name, payee_type, country, ...destination };
  return { place, payee: { payee }, amount: amount.value, reference };
};

const DECIMAL_COMMA = [
  'write the amount as digits with a point, such as 1234.50',
  'in Excel turn off "Use system separators" (Options, Advanced) and choose the point',
  'in Google Sheets and LibreOffice choose the locale English (United States)',
].join('; ');

const toError = (issue: z.core.$ZodIssue, raw: CsvRow['cells']): FieldError => {
  const field = String(issue.path[0]);
  if (!(field in raw)) return { field, reason: 'missing', message: 'this cell must not be empty' };
  if (issue.code === 'too_big') return { field, reason: 'too_long', message: `at most ${issue.maximum} characters` };
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
