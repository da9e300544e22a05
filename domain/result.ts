import type { ProblemCode } from './problems.js';

/** One field of the input that is wrong, in words a person can act on. */
export interface FieldError {
  /** Dotted path into the body (`items.3.amount`) or the column of a CSV. */
  field: string;
  /** Machine-readable reason, stable. */
  reason: string;
  /** What is wrong and how to mend it. Never holds the rejected value itself. */
  message: string;
  /** 1-based data row of a CSV, where there is one. */
  row?: number;
}

/**
 * A request that was understood and declined. It is a value, not an exception, so that its
 * transaction commits the audit event and the failure counter and nothing else (R12).
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
