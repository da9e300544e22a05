import type { ProblemCode } from './problems.js';

/** One wrong field of the input, in words that a person can act on. */
export interface FieldError {
  /** Dotted path into the body (`items.3.amount`) or the column of a CSV. */
  field: string;
  /** Machine-readable reason, stable. */
  reason: string;
  /** What is wrong and how to fix it. It never holds the rejected value itself, but of a repeated payment whom it pays and how much. */
  message: string;
  /** Row of a CSV as a spreadsheet numbers it: the header is 1, empty rows count. */
  row?: number;
  /** Line of the file on which that row begins, 1-based, where it is another number. */
  line?: number;
  /** Of a payment that an earlier batch has already: that one. */
  equals?: { batch_id: string; item_id: string; ordinal: number; state: string; payee_reference: string; amount: number };
}

/**
 * A request that was understood and is answered "no". It is a value and not an exception, so that its transaction commits: the
 * audit event and the failure counter stay (R12).
 */
export interface Refusal {
  code: ProblemCode;
  /** One sentence: what was refused and the next step. */
  detail: string;
  errors?: FieldError[];
  /** Extra members of the RFC 9457 problem, such as `shortfall` or `state`. */
  extra?: Record<string, string | number | boolean | null>;
}

export type Result<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });

export const refuse = (code: ProblemCode, detail: string, more: Omit<Refusal, 'code' | 'detail'> = {}): { ok: false; refusal: Refusal } => ({
  ok: false,
  refusal: { code, detail, ...more },
});

/** How many errors of one input are reported at once. */
export const ERRORS_MAX = 100;

/** Wrong fields of a request, or wrong rows of a file. The first 100 errors are listed; `wrongRows` counts the wrong rows of a file, listed or not. */
export const wrongInput = (errors: readonly FieldError[], sent: 'request' | 'file' = 'request', wrongRows = 0): Refusal =>
  refuse(
    sent === 'file' ? 'invalid_csv' : 'invalid_request',
    `Nothing was stored. Fix ${howMany(errors.length, sent)} and send the ${sent} again.${listedRows(errors, wrongRows)}`,
    { errors: errors.slice(0, ERRORS_MAX) },
  ).refusal;

/** Says how many rows of a file are wrong when its errors do not list all of them; otherwise nothing. */
export const listedRows = (errors: readonly FieldError[], wrongRows: number): string => {
  const listed = new Set(errors.slice(0, ERRORS_MAX).flatMap(({ row }) => row ?? [])).size;
  return wrongRows > listed ? ` ${listed} of ${wrongRows.toLocaleString('en')} wrong rows are listed.` : '';
};

/** Each reason of a refusal's errors once, in order: what an audit event says of them. */
export const reasonsOf = (refusal: Refusal): string[] => [...new Set((refusal.errors ?? []).map(({ reason }) => reason))].sort();

const howMany = (errors: number, sent: 'request' | 'file'): string => {
  if (errors === 1) return 'the error';
  if (errors <= ERRORS_MAX) return `the ${errors} errors`;
  return sent === 'file' ? `the errors (the first ${ERRORS_MAX} are listed)` : `the ${errors} errors (the first ${ERRORS_MAX} are listed)`;
};
