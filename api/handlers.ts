import type { z } from 'zod';
import type { createBatchCsv } from '../contracts/batches.js';
import type { ROUTES, RouteId } from '../contracts/routes.js';
import type { Result } from '../domain/result.js';
import type { Context, PublicContext } from '../operations/context.js';
import type { Exchange } from './exchange.js';
import type { SpooledFile } from './spool.js';

type Routes = typeof ROUTES;

type Part<Shape, Name extends 'params' | 'query' | 'body'> = Shape extends Record<Name, infer Schema extends z.ZodType> ? z.output<Schema> : unknown;

/** What an operation gets: parameters, query and body of its contract in one object, ids already UUIDs. */
export type InputOf<Id extends RouteId> = Part<Routes[Id], 'params'> & Part<Routes[Id], 'query'> & Part<Routes[Id], 'body'>;

export type OutputOf<Id extends RouteId> = z.input<Routes[Id]['out']['body']>;

/** The usual route: an operation, or a function of its shape. */
export type Operation<Id extends RouteId> = (ctx: Context, input: InputOf<Id>, exchange: Exchange) => Promise<Result<OutputOf<Id>>>;

/** A route before there is a tenant. */
export type AtTheDoor<Id extends RouteId> = (publicContext: PublicContext, input: InputOf<Id>, exchange: Exchange) => Promise<Result<OutputOf<Id>>>;

/** A route over the raw body; the caller proves itself by a signature over exactly these bytes. */
export type Signed<Id extends RouteId> = (
  publicContext: PublicContext,
  input: InputOf<Id> & { raw: Uint8Array; headers: Record<string, string | undefined> },
) => Promise<Result<OutputOf<Id>>>;

/** A route that writes its answer itself, once it has found what to write; a refusal is still a problem. */
export type Streamed<Id extends RouteId> = (ctx: Context, input: InputOf<Id>, exchange: Exchange) => Promise<Result<null>>;

/** JSON like any other; the same resource from an uploaded file, whose settings stand in the query. */
export interface JsonOrCsv<Id extends RouteId, Query extends z.ZodType = typeof createBatchCsv> {
  json: Operation<Id>;
  query: Query;
  csv: (ctx: Context, query: z.output<Query>, file: SpooledFile) => Promise<Result<OutputOf<Id>>>;
}

type HandlerOf<Id extends RouteId> = Routes[Id] extends { permission: 'public' }
  ? AtTheDoor<Id>
  : Routes[Id] extends { permission: 'signed' }
    ? Signed<Id>
    : Routes[Id] extends { format: 'json_or_csv' }
      ? JsonOrCsv<Id>
      : Routes[Id] extends { format: 'events' | 'lines' }
        ? Streamed<Id>
        : Operation<Id>;

/** One handler for every route of the table: an unbound route does not compile. */
export type Handlers = { [Id in RouteId]: HandlerOf<Id> };
