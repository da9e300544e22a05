import { z } from 'zod';
import { destinationInput, payeeFields } from '../../contracts/payees.js';
import { parseDecimal } from '../../domain/money.js';
import type { FieldError } from '../../domain/result.js';
import type { PayeeInput } from '../payee/payee-input.js';
import { checkPayment } from './check-payment.js';
import type { CsvRow } from './read-csv.js';
import type { Terms } from './resolve-terms.js';

/** A row as a payment. */
export interface CsvPayment {
  row: number;
  payee: PayeeInput & { payee: { reference: string } };
  /** Minor units. */
  amount: bigint;
  reference: string;
}

/** The same rules as the JSON contract, under the names of the columns. */
const cells = z.object({
  payee_reference: payeeFields.reference,
  payee_name: payeeFields.name.optional(),
  payee_type: payeeFields.payee_type.unwrap().optional(),
  country: payeeFields.country.optional(),
  ...destinationInput,
  amount: z.string(),
  reference: z.string().max(140),
});

/** A row's cells → a payment, or every error of the row. An error never repeats the cell. */
export const parseRow = ({ row, cells: raw }: CsvRow, terms: Terms): CsvPayment | { errors: FieldError[] } => {
  const parsed = cells.safeParse(raw);
  if (!parsed.success) return { errors: parsed.error.issues.map((issue) => toError(issue, raw, row)) };
  const { payee_reference, payee_name, payee_type, country, amount: decimal, reference, ...destination } = parsed.data;
  const amount = parseDecimal(decimal, terms.currency);
  const errors = checkPayment({ reference, remittance: '' }, terms.currency, terms.capabilities);
  if (!amount.ok) errors.push({ field: 'amount', reason: 'amount', message: amount.refusal.detail });
  if (!amount.ok || errors.length > 0) return { errors: errors.map((error) => ({ ...error, row })) };
  const payee = { reference: payee_reference, name: payee_name, payee_type, country, ...destination };
  return { row, payee: { payee }, amount: amount.value, reference };
};

const toError = (issue: z.core.$ZodIssue, raw: CsvRow['cells'], row: number): FieldError => {
  const field = String(issue.path[0]);
  if (!(field in raw)) return { field, reason: 'missing', message: 'this cell must not be empty', row };
  if (issue.code === 'too_big') return { field, reason: 'too_long', message: `at most ${issue.maximum} characters`, row };
  return { field, reason: issue.code === 'invalid_value' ? 'one_of' : 'form', message: MESSAGES[field] ?? 'this cell is not of the right form', row };
};

const MESSAGES: Readonly<Record<string, string>> = {
  payee_reference: 'printable ASCII without spaces, at most 64 characters',
  payee_type: 'individual or company',
  country: 'an ISO 3166-1 code such as DE',
};

/** Member of a payee → column of the file. */
export const columnOf = (member: string): string => COLUMNS[member] ?? member;

const COLUMNS: Readonly<Record<string, string>> = {
  name: 'payee_name',
  reference: 'payee_reference',
  payee: 'payee_reference',
  payee_id: 'payee_reference',
};
