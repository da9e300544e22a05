import type { z } from 'zod';
import type { IdKind } from '../domain/ids.js';
import { isOperatorPermission, type OperatorPermission, type Permission } from '../domain/permissions.js';
import type { PlanClass } from '../domain/plans.js';
import type { ProblemCode } from '../domain/problems.js';
import type { RateClass } from '../domain/rates.js';
import { listOf } from './wire.js';

/** One row of the route table. */
export interface RouteShape {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  summary: string;
  /** `public` needs no credential; `signed` is authenticated over its raw body. An operator's permission: an operator's credential alone. */
  permission: Permission | OperatorPermission | 'public' | 'signed';
  /** How often it may be asked: see `RATES`. A route that takes a code of a second factor is of the class `code`. */
  rateClass: RateClass;
  /** What it has to do with the plan of its workspace: see `PLANS`. */
  planClass: PlanClass;
  /**
   * In recovery mode (R15) every GET works, and of the others those that say so: they let no money go and give no rights, and a factor that was
   * added decides nothing before it has rested.
   */
  inRecovery?: 'works';
  /** Every POST takes an Idempotency-Key. `required` where money or gates are concerned: such keys are kept for ever, the others for 30 days. */
  idempotency?: 'required' | 'optional';
  /** The answer shows a secret once; the secret is never stored. */
  returnsSecret?: true;
  params?: z.ZodObject;
  query?: z.ZodObject;
  /** The route also takes a CSV as its body. Then this is its query: what JSON has in its body. */
  csvQuery?: z.ZodObject;
  /** Of a list: whose ids `starting_after` takes. */
  cursor?: IdKind | 'item';
  body?: z.ZodType;
  /** A body that a reader of the API's description can copy. Every route with a body has one, and a test parses it by the contract. */
  example?: object;
  /** Default `json`. `events` and `lines` are streams that the handler writes; `raw` keeps the body's bytes for its signature. */
  format?: 'json' | 'events' | 'lines' | 'raw';
  out: { status: 200 | 201 | 202; body: z.ZodType };
  problems: readonly ProblemCode[];
}

/** Whether a body is read, if only to refuse what it says. */
export const takesBody = ({ method }: Pick<RouteShape, 'method'>): boolean => method !== 'GET';

/**
 * Whether a machine signs this call in a workspace that asks for signatures (docs/signing.md): every one that changes something. A list of
 * those about money would have to be kept, and an account number of a payee is about money too.
 */
export const isSignedByMachines = ({ rateClass, permission }: Pick<RouteShape, 'rateClass' | 'permission'>): boolean =>
  rateClass !== 'read' && permission !== 'public' && permission !== 'signed' && !isOperatorPermission(permission);

type Read = Pick<RouteShape, 'path' | 'summary' | 'permission' | 'params' | 'query' | 'cursor' | 'format'>;

/** A route that reads: GET, 200. `out` is the body of its answer. */
export const read = <const Route extends Read & Pick<RouteShape, 'problems'>, Out extends z.ZodType>({ out, ...route }: Route & { out: Out }) =>
  ({ method: 'GET', rateClass: 'read', planClass: 'any', ...route, out: { status: 200, body: out } }) as const;

/** A route that lists resources of the workspace, a page at a time: `query` holds the members of `page`, `of` is one resource. */
export const list = <const Route extends Read, One extends z.ZodType>({ of, ...route }: Route & { of: One }) =>
  ({ method: 'GET', rateClass: 'read', planClass: 'any', ...route, out: { status: 200, body: listOf(of) }, problems: [] }) as const;
