import type { Request } from 'express';
import { z } from 'zod';
import type { RouteShape } from '../contracts/route-shape.js';
import { ERRORS_MAX, type FieldError, ok, type Result, refuse } from '../domain/result.js';

/**
 * Parses parameters, query and body of a request by its contract into one object. Drops query keys that the contract does not
 * name, so that none of them can stand for a member of the body. Refuses with `invalid_request`.
 */
export const readInput = (req: Request, shape: RouteShape): Result<Record<string, unknown>> => {
  const query = shape.query && z.object(shape.query.shape);
  const parts = [
    [shape.params, req.params],
    [query, req.query],
    [shape.body, req.body ?? {}],
  ] as const;
  const input: Record<string, unknown> = {};
  for (const [schema, value] of parts) {
    if (!schema) continue;
    const parsed = validate(schema, value);
    if (!parsed.ok) return parsed;
    Object.assign(input, parsed.value);
  }
  return ok(input);
};

/**
 * Parses one part of a request by its contract. The refusal names up to 100 fields with a reason and a sentence, and never
 * repeats a value, because it may be a bank account.
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
