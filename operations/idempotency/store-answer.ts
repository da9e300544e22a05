import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES, type RouteId } from '../../contracts/routes.js';
import { PROBLEMS, type ProblemCode } from '../../domain/problems.js';
import type { Refusal, Result } from '../../domain/result.js';
import type { Context, InTenant } from '../context.js';
import type { SealedPlace, Stores } from '../ports.js';
import type { IdempotencyClaim } from '../stores/idempotency-keys.js';

/** Another request took this one over. Thrown inside the transaction, so that nothing of it commits. */
export class LeaseLost extends Error {}

/** A claimed key on its way to an answer. */
export interface Settlement {
  /** For the run: settles in the same transaction as soon as one returns the resource. */
  inTenant: InTenant;
  /** Keeps or drops what the run ended with, where no transaction of it settled that. Throws LeaseLost. */
  conclude(result: Result<unknown>): Promise<void>;
  /** The run threw: the key is free again, unless a transaction of it settled. */
  abandon(): Promise<void>;
}

export const settling = (ctx: Context, key: IdempotencyClaim, place: SealedPlace, lease: Date): Settlement => {
  let settled: unknown;
  const settle = async (stores: Stores, result: Result<unknown>): Promise<void> => {
    const status = result.ok ? ROUTES[key.route as RouteId].out.status : PROBLEMS[result.refusal.code].status;
    const answer =
      result.ok && showsOnce(key.route as RouteId)
        ? { status, sealed: null, subject: idOf(result.value) }
        : { status, sealed: await ctx.services.vault.seal(stores.keys, place, bytesOf(result)), subject: null };
    if (!(await stores.idempotencyKeys.store(key, lease, answer))) throw new LeaseLost('the lease of an idempotency key was taken over');
  };
  const abandon = () => ctx.inTenant((stores) => stores.idempotencyKeys.forget(key, lease));
  return {
    inTenant: async (work, patience) => {
      const value = await ctx.inTenant(async (stores) => {
        const done = await work(stores);
        if (isResource(done)) await settle(stores, done);
        return done;
      }, patience);
      if (isResource(value)) settled = value;
      return value;
    },
    conclude: async (result) => {
      if (result === settled) return;
      if (result.ok || isKept(result.refusal)) await ctx.inTenant((stores) => settle(stores, result));
      else await abandon();
    },
    abandon,
  };
};

/** What a transaction returns is the answer when it is `ok` with a resource of the wire. */
const isResource = (value: unknown): value is { ok: true; value: object } => {
  const { ok, value: body } = (value ?? {}) as { ok?: unknown; value?: { object?: unknown } | null };
  return ok === true && typeof body?.object === 'string';
};

/** A person who mistyped tries again under the same key, so these answers must not stick. */
const OF_THE_CODE: readonly ProblemCode[] = ['code_wrong', 'otp_step_used', 'factor_locked'];

const isKept = ({ code }: Refusal): boolean => {
  const { status } = PROBLEMS[code];
  return status < 500 && status !== 401 && status !== 429 && !OF_THE_CODE.includes(code);
};

const showsOnce = (route: RouteId): boolean => (ROUTES[route] as RouteShape).returnsSecret === true;
const idOf = (resource: unknown): string | null => (resource as { id?: string }).id ?? null;
const bytesOf = (result: Result<unknown>): Uint8Array => new TextEncoder().encode(JSON.stringify(result));
