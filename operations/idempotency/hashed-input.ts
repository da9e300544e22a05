import { z } from 'zod';
import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES, type RouteId } from '../../contracts/routes.js';
import type { Json } from '../../domain/hashing.js';

/**
 * The part of a route's parsed input that decides whether two requests are the same: everything except the members that the
 * contract marks `secret` (codes, passwords), because a person types a new code when they try again. Undefined members are
 * left out, as JSON does. Throws a TypeError when a value has no JSON form.
 */
export const hashedInput = (route: RouteId, input: object): Json => {
  const { params, query, body } = ROUTES[route] as RouteShape;
  return keepMembers({ ...params?.shape, ...query?.shape, ...(body instanceof z.ZodObject ? body.shape : {}) }, input);
};

type Shape = Readonly<Record<string, z.core.$ZodType>>;

const keepMembers = (shape: Shape, input: object): Json => {
  const kept: { [key: string]: Json } = {};
  for (const [name, value] of Object.entries(input)) {
    const schema = bare(shape[name]);
    if (value !== undefined && !isSecret(schema)) kept[name] = keep(schema, value);
  }
  return kept;
};

const keep = (schema: z.core.$ZodType | undefined, value: unknown): Json => {
  if (Array.isArray(value)) {
    const element = schema instanceof z.ZodArray ? bare(schema.element) : undefined;
    return value.map((member) => keep(element, member));
  }
  if (value !== null && typeof value === 'object') return keepMembers(schema instanceof z.ZodObject ? schema.shape : {}, value);
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new TypeError(`an input of type ${typeof value} cannot be hashed`);
};

/** The schema without `optional`, `nullable` and `default`. It stops at a wrapper that is marked secret itself. */
const bare = (schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined =>
  (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) && !isSecret(schema)
    ? bare(schema.def.innerType)
    : schema;

const isSecret = (schema: z.core.$ZodType | undefined): boolean => schema !== undefined && z.globalRegistry.get(schema)?.['secret'] === true;
