import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES, type RouteId } from '../../contracts/routes.js';
import { PROBLEMS, type ProblemCode } from '../../domain/problems.js';
import type { Refusal, Result } from '../../domain/result.js';
import type { Context, InTenant } from '../context.js';
import type { SealedPlace, Stores } from '../ports.js';
import type { IdempotencyClaim } from '../stores/idempotency-keys.js';
import { Answer } from './answer.js';

/** Another request took the key over. Thrown inside the transaction, so that nothing of it commits. */
export class LeaseLost extends Error {}

/** A claimed key whose answer is not stored yet. */
export interface PendingAnswer {
  /** For the operation: a transaction that returns an `Answer` stores it before it commits. Throws LeaseLost. */
  inTenant: InTenant;
  /** Stores the operation's result unless a transaction has stored it, or frees the key where results are not stored. Throws LeaseLost. */
  conclude(result: Result<unknown>): Promise<void>;
  /** Frees the key after the operation threw, unless a transaction has stored an answer. */
  abandon(): Promise<void>;
}

export const pendingAnswer = (ctx: Context, key: IdempotencyClaim, place: SealedPlace, lease: Date): PendingAnswer => {
  let stored: unknown;
  const store = async (stores: Stores, result: Result<unknown>): Promise<void> => {
    const status = result.ok ? ROUTES[key.route as RouteId].out.status : PROBLEMS[result.refusal.code].status;
    const row =
      result.ok && showsOnce(key.route as RouteId)
        ? { status, sealed: null, subject: idOf(result.value) }
        : { status, sealed: await ctx.services.vault.seal(stores.keys, place, bytesOf(result)), subject: null };
    if (!(await stores.idempotencyKeys.store(key, lease, row))) throw new LeaseLost('the lease of an idempotency key was taken over');
  };
  const abandon = () => ctx.inTenant((stores) => stores.idempotencyKeys.forget(key, lease));
  return {
    inTenant: async (work, options) => {
      const returned = await ctx.inTenant(async (stores) => {
        const result = await work(stores);
        if (result instanceof Answer) await store(stores, result);
        return result;
      }, options);
      if (returned instanceof Answer) stored = returned;
      return returned;
    },
    conclude: async (result) => {
      if (result === stored) return;
      if (result.ok || isStored(result.refusal)) await ctx.inTenant((stores) => store(stores, result));
      else await abandon();
    },
    abandon,
  };
};

/** Refusals for what the hash of the input leaves out are not stored: the person tries again under the same key. */
const OF_SECRETS: readonly ProblemCode[] = [
  ...(['code_wrong', 'otp_step_used', 'factor_locked', 'factor_resting', 'passkey_wrong', 'passkey_copied'] as const),
  ...(['password_wrong', 'password_refused'] as const),
];

const isStored = ({ code }: Refusal): boolean => {
  const { status } = PROBLEMS[code];
  return status < 500 && status !== 401 && status !== 429 && !OF_SECRETS.includes(code);
};

const showsOnce = (route: RouteId): boolean => (ROUTES[route] as RouteShape).returnsSecret === true;
const idOf = (resource: unknown): string | null => (resource as { id?: string }).id ?? null;
const bytesOf = (result: Result<unknown>): Uint8Array => new TextEncoder().encode(JSON.stringify(result));
