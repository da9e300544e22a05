import type { z } from 'zod';
import type { ROUTES, RouteId } from '../contracts/routes.js';

type Routes = typeof ROUTES;
type Part<Shape, Name extends 'params' | 'query' | 'body'> = Shape extends Record<Name, infer Schema extends z.ZodType> ? z.input<Schema> : unknown;
type QueryOf<Id extends RouteId> = Id extends 'create_payout_batch' ? { validate_only?: 'true' | 'false' } : Part<Routes[Id], 'query'>;

/** The input of a call: parameters, query and body of the route's contract in one object, with their wire names. */
export type RequestOf<Id extends RouteId> = Part<Routes[Id], 'params'> & QueryOf<Id> & Part<Routes[Id], 'body'>;

/** The resource that a route returns. */
export type ResponseOf<Id extends RouteId> = z.output<Routes[Id]['out']['body']>;

export interface CallOptions {
  /** Your own key, so that a later run of your program repeats the same request; default: a new random one. */
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** Called when the answer, or the refusal, is the stored one of an earlier request with this key. */
  onReplay?: () => void;
}
