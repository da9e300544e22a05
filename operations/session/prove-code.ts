import { type Refusal, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';

/** Wrong codes in a row, counted per account across sign-in and gates, that lock the factor; and for how long. */
export const FAILURES_MAX = 5;
export const LOCK_MS = 15 * 60_000;
const STEP_SECONDS = 30;

/** What a right code proves: this factor, this time step, for the first time. */
export interface ProvenCode {
  factorId: string;
  step: number;
}

/**
 * Checks a person's TOTP code and consumes its time step, inside the caller's transaction (I7). Locks the factor row
 * first, so that guesses of one account are counted one after the other.
 *
 * Refuses with `factor_missing`, `factor_locked`, `code_wrong` (counted) or `otp_step_used`; the caller audits and commits.
 */
export const proveCode = async (
  ctx: Context,
  stores: Stores,
  personId: string,
  code: string,
): Promise<{ ok: true; value: ProvenCode } | { ok: false; refusal: Refusal }> => {
  const factor = await stores.factors.lock(personId);
  if (!factor) return refuse('factor_missing', 'This person has not enrolled a second factor.');
  if (factor.lockedUntil && factor.lockedUntil > stores.now) return locked(stores.now, factor.lockedUntil);
  const step = await ctx.services.credentials.matchTotp(factor.id, factor.sealed, code, stores.now);
  if (step === null) return wrong(await stores.factors.countFailure(factor.id, FAILURES_MAX, LOCK_MS));
  if (step <= factor.lastStep || !(await stores.factors.consumeStep(factor.id, step))) return spent(stores.now, Math.max(step, factor.lastStep));
  return { ok: true, value: { factorId: factor.id, step } };
};

const wrong = ({ failures, lockedUntil }: { failures: number; lockedUntil: Date | null }) =>
  refuse('code_wrong', lockedUntil ? 'The code is wrong, and the factor is locked for a while now.' : 'The code is wrong; take the one shown now.', {
    extra: { failures_left: Math.max(0, FAILURES_MAX - failures) },
  });

const locked = (now: Date, until: Date) =>
  refuse('factor_locked', 'Too many wrong codes were given for this account; wait and try again.', {
    extra: { retry_after_seconds: secondsUntil(now, until.getTime()) },
  });

const spent = (now: Date, lastStep: number) =>
  refuse('otp_step_used', 'This code was used already; wait until the authenticator shows the next one.', {
    extra: { retry_after_seconds: secondsUntil(now, (lastStep + 1) * STEP_SECONDS * 1_000) },
  });

const secondsUntil = (now: Date, then: number): number => Math.max(1, Math.ceil((then - now.getTime()) / 1_000));
