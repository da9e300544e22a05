import type { RouteId } from '../../contracts/routes.js';
import type { Actor } from '../../domain/actors.js';
import { canonicalBytes } from '../../domain/hashing.js';
import { type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { SealedPlace } from '../ports.js';
import type { ClaimOutcome, IdempotencyClaim } from '../stores/idempotency-keys.js';
import { hashedInput } from './hashed-input.js';
import { LeaseLost, pendingAnswer } from './store-answer.js';

/** How long a request may work before another with the same key takes it over, ms. */
const LEASE_MS = 60_000;
/** When to ask again about work in flight, s. It ends when it is done, and the lease says only when nobody waits for it any more. */
const IN_FLIGHT_SECONDS = 3;

export interface IdempotentRequest {
  route: RouteId;
  /** The Idempotency-Key header. */
  key: string;
  /** The parsed input of the operation; secrets are left out of its hash here. Of an upload: its query and SHA-256. */
  input: object;
  /** ms; longer than the usual minute for an operation that may take longer, such as an upload. */
  leaseMs?: number;
}

/** `replayed` → the answer carries `Idempotent-Replayed: true`. */
export type Idempotent<T> = Result<T> & { replayed: boolean };

/**
 * Runs an operation once per (workspace, principal, route, key), after draft-ietf-httpapi-idempotency-key-header.
 * Refuses with `idempotency_key_reused` (other input), `idempotency_in_flight` (still running) or
 * `secret_not_replayable`; otherwise returns the operation's own result, and for a repeated request the first one.
 *
 * `run` must use the context that it is given. When one of its transactions returns `answer(resource)`, that transaction also
 * stores the answer: the action and the record of its answer commit together, so a process that dies in between cannot
 * lead to a second action. When another request has taken the lease over, that transaction rolls back.
 */
export const idempotent = async <T>(ctx: Context, request: IdempotentRequest, run: (ctx: Context) => Promise<Result<T>>): Promise<Idempotent<T>> => {
  const key: IdempotencyClaim = { principal: principalOf(ctx.actor), route: request.route, key: request.key };
  const place: SealedPlace = { tenantId: ctx.tenantId, purpose: 'idempotency', record: `${key.principal} ${key.route} ${key.key}`, field: 'answer' };
  const { vault } = ctx.services;

  const claim = await ctx.inTenant(async (stores) => {
    const input = canonicalBytes([request.route, hashedInput(request.route, request.input)]);
    const hash = (await vault.macs(stores.keys, ctx.tenantId, 'idempotency'))(input);
    const outcome = await stores.idempotencyKeys.claim(key, hash, request.leaseMs ?? LEASE_MS);
    if (outcome.kind !== 'replay') return outcome;
    return { kind: 'stored' as const, result: await vault.open(stores.keys, place, outcome.sealed) };
  });
  if (claim.kind === 'stored') return { ...(JSON.parse(new TextDecoder().decode(claim.result)) as Result<T>), replayed: true };
  if (claim.kind !== 'fresh') return { ...refused(claim), replayed: false };

  const pending = pendingAnswer(ctx, key, place, claim.lease);
  try {
    const result = await run({ ...ctx, inTenant: pending.inTenant });
    await pending.conclude(result);
    return { ...result, replayed: false };
  } catch (error) {
    if (error instanceof LeaseLost) return { ...inFlight(), replayed: false };
    // If freeing the key fails too, its lease ends by itself.
    await pending.abandon().catch(() => undefined);
    throw error;
  }
};

const inFlight = () =>
  refuse('idempotency_in_flight', 'Wait for the first request with this Idempotency-Key, then send this one again to read its answer.', {
    extra: { retry_after_seconds: IN_FLIGHT_SECONDS },
  });

const refused = (claim: Exclude<ClaimOutcome, { kind: 'fresh' | 'replay' }>) => {
  switch (claim.kind) {
    case 'in_flight':
      return inFlight();
    case 'other_input':
      return refuse('idempotency_key_reused', 'This Idempotency-Key belongs to a request with another input; use a new key for a new request.');
    case 'secret':
      return refuse(
        'secret_not_replayable',
        'The first answer showed a secret once. Look the record up; if the secret is lost, revoke it and make another.',
        {
          extra: { subject: claim.subject },
        },
      );
  }
};

/**
 * Who acts, as idempotency keys and counters of requests name them. A person keeps both across sessions, and a program across rotations of its
 * API key: a retry after a new sign-in or with the new secret still finds its answer and pays nothing twice, and neither is a new budget.
 */
export const principalOf = (actor: Actor): string => {
  switch (actor.type) {
    case 'user':
      return `user:${actor.personId}`;
    case 'api_key':
      return `api_key:${actor.familyId ?? actor.keyId}`;
    case 'agent':
      return `agent:${actor.agentId}`;
    case 'support_impersonator':
      return `support:${actor.operatorId}:${actor.personId}`;
    case 'email_link':
      return `email_link:${actor.linkId}`;
    case 'operator':
      return `operator:${actor.operatorId}`;
    case 'system':
      return `system:${actor.process}`;
  }
};
