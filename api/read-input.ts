import type { Request } from 'express';
import leven, { closestMatch } from 'leven';
import { z } from 'zod';
import type { RouteShape } from '../contracts/route-shape.js';
import { ERRORS_MAX, type FieldError, ok, type Result, refuse } from '../domain/result.js';
import { fieldMessage } from './field-message.js';

/** The contract of a part that a route does not have. */
const NOTHING = z.strictObject({});

/**
 * Parses parameters, query and body of a request by its contract into one object. Refuses with `invalid_request`, also a field that the
 * contract does not name: what was typed is never dropped.
 */
export const readInput = (req: Request, shape: RouteShape): Result<Record<string, unknown>> => {
  const query = shape.query ?? NOTHING;
  const body = shape.format === 'raw' ? null : (shape.body ?? NOTHING);
  const parts = [
    validate(shape.params ?? NOTHING, req.params),
    // The address of a webhook is the provider's to write, and its signature covers the body.
    shape.format === 'raw' ? ok({}) : validate(query, req.query, elsewhere(shape, 'query')),
    body ? validate(body, req.body ?? {}, elsewhere(shape, 'body')) : ok({}),
  ];
  const input: Record<string, unknown> = {};
  for (const part of parts) {
    if (!part.ok) return part;
    Object.assign(input, part.value);
  }
  return ok(input);
};

/** Parses the query of an upload, whose body is the file. */
export const readCsvQuery = <Query extends z.ZodObject>(req: Request, query: Query): Result<z.output<Query>> => validate(query, req.query);

/** Where a field belongs that stands in the wrong part of a request. */
type Elsewhere = (field: string) => string | null;

/** Fields that a route takes in its other part, in words. */
const elsewhere = (shape: RouteShape, part: 'query' | 'body'): Elsewhere => {
  const other = membersOf(part === 'query' ? shape.body : shape.query);
  const place = part === 'query' ? 'the body' : 'the query of the address';
  return (field) => (other.includes(field) ? `${field} belongs into ${place}` : null);
};

/**
 * Parses one part of a request by its contract. The refusal names up to 100 fields with a reason and a sentence, and never
 * repeats a value, because it may be a bank account.
 */
const validate = <T extends z.ZodType>(schema: T, value: unknown, belongs: Elsewhere = () => null): Result<z.output<T>> => {
  const parsed = schema.safeParse(value, { error: fieldMessage });
  if (parsed.success) return ok(parsed.data);
  const errors = parsed.error.issues.flatMap((issue) => toFieldErrors(schema, issue, belongs)).slice(0, ERRORS_MAX);
  return refuse('invalid_request', `${errors.length === 1 ? 'One field is' : `${errors.length} fields are`} wrong; see errors.`, { errors });
};

/** The field of what is wrong with a body as a whole, such as a list in place of an object. */
const WHOLE = 'body';

const toFieldErrors = (schema: z.ZodType, issue: z.core.$ZodIssue, belongs: Elsewhere): FieldError[] => {
  if (issue.code === 'unrecognized_keys') return unknownFields(schema, issue, belongs);
  const reason = issue.code === 'custom' ? issue.params?.['reason'] : issue.code;
  return [{ field: issue.path.join('.') || WHOLE, reason: typeof reason === 'string' ? reason : issue.code, message: issue.message }];
};

/** One error for each name that the contract does not know, with the nearest one that it does. A name may be of any length and is cut. */
const unknownFields = (schema: z.ZodType, { keys, path }: z.core.$ZodIssueUnrecognizedKeys, belongs: Elsewhere): FieldError[] => {
  const known = membersOf(memberAt(schema, path));
  return keys.slice(0, ERRORS_MAX).map((key) => ({
    field: [...path, key.slice(0, NAME_SHOWN)].join('.'),
    reason: 'unknown_field',
    message: `there is no such field; ${(path.length === 0 ? belongs(key) : null) ?? hint(key, known)}`,
  }));
};

const NAME_SHOWN = 64;
/** As many changes as a slip of the fingers makes; of a short name at most a third of it. */
const CHANGES_MAX = 3;
const LISTED_MAX = 20;

const hint = (key: string, known: readonly string[]): string => {
  if (known.length === 0) return 'nothing is taken here';
  const typed = key.slice(0, NAME_SHOWN).toLowerCase().replaceAll('-', '_');
  const near = known.filter((name) => leven(typed, name) <= Math.min(CHANGES_MAX, Math.max(typed.length, name.length) / 3));
  const nearest = closestMatch(typed, near);
  return `${nearest ? `did you mean ${nearest}? ` : ''}known are ${known.slice(0, LISTED_MAX).join(', ')}`;
};

const membersOf = (schema: z.core.$ZodType | undefined): string[] => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : []);

/** The contract of what stands at a path of a part. */
const memberAt = (schema: z.core.$ZodType | undefined, [step, ...rest]: readonly PropertyKey[]): z.core.$ZodType | undefined => {
  const whole = unwrapped(schema);
  if (step === undefined) return whole;
  if (whole instanceof z.ZodArray) return memberAt(whole.element, rest);
  return whole instanceof z.ZodObject ? memberAt(whole.shape[String(step)], rest) : undefined;
};

const unwrapped = (schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable ? unwrapped(schema.def.innerType) : schema;
