import type { Permission } from '../domain/permissions.js';
import type { Refusal } from '../domain/result.js';
import type { Clock } from './deps.js';
import { contextOf, type Exchange } from './exchange.js';
import { lacks } from './middleware/permission.js';
import { beyondPlan } from './middleware/plan.js';

/** Why the caller would not be let in any more; null while they would. */
export type Recheck = () => Promise<Refusal | null>;

/** ms. An answer that takes long asks at least this often. */
const RECHECK_MS = 15_000;

/** Asks again what admitted a request: the credential as it stands now, its workspace with its plan, and the permission of its route. */
export const recheckOf =
  (exchange: Exchange, needed: Permission): Recheck =>
  async () => {
    const resolved = await exchange.authenticate();
    if (!resolved.ok) return resolved.refusal;
    const { tenantId, actor, plan } = resolved.value;
    if (tenantId !== contextOf(exchange).tenantId) return { code: 'workspace_mismatch', detail: 'The session is of another workspace now.' };
    return lacks(actor, needed) ?? beyondPlan(actor, plan);
  };

/** `now` asks, and `ifDue` asks only when 15 s have passed since it was asked last. */
export const atTimes = (recheck: Recheck, clock: Clock) => {
  let askedAt = clock.now();
  const now: Recheck = () => {
    askedAt = clock.now();
    return recheck();
  };
  return { now, ifDue: async (): Promise<Refusal | null> => (clock.now() - askedAt < RECHECK_MS ? null : now()) };
};

/** The credential of a long answer ended before the answer did. */
export class NoLongerAdmitted extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.detail);
  }
}
