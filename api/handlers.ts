import type { z } from 'zod';
import type { ROUTES, RouteId } from '../contracts/routes.js';
import type { OperatorPermission } from '../domain/permissions.js';
import type { Result } from '../domain/result.js';
import type { Context, PlatformContext, PublicContext } from '../operations/context.js';
import type { Exchange } from './exchange.js';
import type { Recheck } from './recheck.js';
import type { SpooledFile } from './spool.js';

type Routes = typeof ROUTES;

type Part<Shape, Name extends 'params' | 'query' | 'csvQuery' | 'body'> =
  Shape extends Record<Name, infer Schema extends z.ZodType> ? z.output<Schema> : unknown;

/** The input of an operation: parameters, query and body of its contract in one object, ids as UUIDs. */
export type InputOf<Id extends RouteId> = Part<Routes[Id], 'params'> & Part<Routes[Id], 'query'> & Part<Routes[Id], 'body'>;

export type OutputOf<Id extends RouteId> = z.input<Routes[Id]['out']['body']>;

/** The handler of most routes: an operation, or a function of the same type. */
export type Operation<Id extends RouteId> = (ctx: Context, input: InputOf<Id>, exchange: Exchange) => Promise<Result<OutputOf<Id>>>;

/** The handler of a `public` route: no tenant is known yet. */
export type Public<Id extends RouteId> = (publicContext: PublicContext, input: InputOf<Id>, exchange: Exchange) => Promise<Result<OutputOf<Id>>>;

/** The handler of a route of the platform that is not about one workspace. `key`: its Idempotency-Key, where it has to have one. */
export type Platform<Id extends RouteId> = (platform: PlatformContext, input: InputOf<Id> & { key: string }) => Promise<Result<OutputOf<Id>>>;

/** The handler of a `signed` route. The caller authenticates by a signature over exactly the bytes of `raw`. */
export type Signed<Id extends RouteId> = (
  publicContext: PublicContext,
  input: InputOf<Id> & { raw: Uint8Array; headers: Record<string, string | undefined> },
) => Promise<Result<OutputOf<Id>>>;

/**
 * The handler of a stream: it writes the response itself, and asks `recheck` whether the caller may still read. A refusal before the
 * first byte is sent as a problem.
 */
export type Streamed<Id extends RouteId> = (ctx: Context, input: InputOf<Id>, exchange: Exchange, recheck: Recheck) => Promise<Result<null>>;

/** The handler of a route that takes JSON, or the same resource as an uploaded file with its settings in the query. */
export interface JsonOrCsv<Id extends RouteId> {
  json: Operation<Id>;
  csv: (ctx: Context, query: Part<Routes[Id], 'csvQuery'>, file: SpooledFile, haste: { respondAsync: boolean }) => Promise<Result<OutputOf<Id>>>;
}

type HandlerOf<Id extends RouteId> = Routes[Id] extends { permission: 'public' }
  ? Public<Id>
  : Routes[Id] extends { permission: 'signed' }
    ? Signed<Id>
    : Routes[Id] extends { permission: OperatorPermission }
      ? Part<Routes[Id], 'params'> extends { workspace_id: string }
        ? Operation<Id>
        : Platform<Id>
      : Routes[Id] extends { csvQuery: z.ZodObject }
        ? JsonOrCsv<Id>
        : Routes[Id] extends { format: 'events' | 'lines' }
          ? Streamed<Id>
          : Operation<Id>;

/** One handler for every route of the table; a missing one does not compile. */
export type Handlers = { [Id in RouteId]: HandlerOf<Id> };
