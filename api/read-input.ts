import type { Request } from 'express';
import { z } from 'zod';
import type { RouteShape } from '../contracts/route-shape.js';
import { ok, type Result } from '../domain/result.js';
import { validate } from './validate.js';

/**
 * Parameters, query and body of a request by its contract, in one object. Query keys that the contract does not name are
 * dropped, so that none of them can pose as a field of the body.
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
