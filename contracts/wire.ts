import { z } from 'zod';
import { fromItemId, fromWireId, type IdKind } from '../domain/ids.js';

/** Parts that resources share. Members are snake_case, times RFC 3339 in UTC, amounts integer minor units. */

/** A type-prefixed id in a request; parses to the UUID inside. */
export const id = (kind: IdKind) =>
  z
    .string()
    .meta({ description: `Id of a ${kind}` })
    .transform((wire, issue) => {
      const uuid = fromWireId(kind, wire);
      if (uuid === null)
        issue.addIssue({
          code: 'custom',
          message: `this is not the id of ${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`,
          params: { reason: 'id_form' },
        });
      return uuid ?? z.NEVER;
    });

/** The id of an item in a request; parses to batch and ordinal. */
export const itemId = z.string().transform((wire, issue) => {
  const place = fromItemId(wire);
  if (place === null) issue.addIssue({ code: 'custom', message: 'this is not the id of an item', params: { reason: 'id_form' } });
  return place ?? z.NEVER;
});

/** An id in an answer. */
export const wireId = z.string().meta({ examples: ['batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11'] });

export const timestamp = z.iso.datetime({ offset: true }).meta({ description: 'RFC 3339, UTC in answers' });

/** Who did something: a member of the workspace with their present role, and the API key if one was used. */
export const doneBy = z
  .object({ person_id: wireId, name: z.string(), role: z.string(), api_key: z.object({ id: wireId, name: z.string() }).nullable() })
  .meta({ id: 'DoneBy' });

/** Integer minor units. Balances of external and suspense accounts may be negative. */
export const minorUnits = z.number().int().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);

export const currency = z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code such as EUR');

/** 32 bytes as hex. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const page = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  starting_after: z.string().max(100).optional(),
};

export const listOf = <T extends z.ZodType>(data: T) =>
  z.object({ object: z.literal('list'), data: z.array(data), has_more: z.boolean(), next_cursor: z.string().nullable() });

/** One wrong field of an input, or one wrong cell of a file. */
export const fieldError = z.object({ field: z.string(), reason: z.string(), message: z.string(), row: z.number().int().optional() });

/** RFC 9457. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    request_id: z.string(),
    errors: z.array(fieldError).optional(),
  })
  .loose()
  .meta({ id: 'Problem' });

/** Six digits; blanks between them, as authenticators show them, are dropped. Marked secret: left out of the input hash of an idempotent request. */
export const code = z
  .string()
  .max(32)
  .regex(/^\s*(?:\d\s*){6}$/, 'six digits')
  .overwrite((typed) => typed.replace(/\s/g, ''))
  .meta({ secret: true });
