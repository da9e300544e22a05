import type { z } from 'zod';
import { type FieldError, ok, type Result, refuse } from '../domain/result.js';

const ERRORS_MAX = 100;

/**
 * Parses one part of a request by its contract. The refusal names up to 100 fields with a reason and a sentence, and
 * never repeats a value: it may be a bank account.
 */
export const validate = <T extends z.ZodType>(schema: T, value: unknown): Result<z.output<T>> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const errors = parsed.error.issues.slice(0, ERRORS_MAX).map(toFieldError);
  return refuse('invalid_request', `${errors.length === 1 ? 'One field is' : `${errors.length} fields are`} wrong; see errors.`, { errors });
};

const toFieldError = (issue: z.core.$ZodIssue): FieldError => {
  const reason = issue.code === 'custom' ? issue.params?.['reason'] : issue.code;
  return { field: issue.path.join('.'), reason: typeof reason === 'string' ? reason : issue.code, message: messageOf(issue) };
};

const messageOf = ({ code, message }: z.core.$ZodIssue): string =>
  code === 'invalid_type' && message.endsWith('received undefined') ? 'this field is required' : message;
