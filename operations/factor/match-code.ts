import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { FactorRow } from '../stores/factors.js';

/** Wrong codes in a row, counted per account across sign-in and gates, that lock the factor; and for how long. */
const FAILURES_MAX = 5;
const LOCK_MS = 15 * 60_000;
/** RFC 6238: a code belongs to a time step of 30 s. */
const STEP_SECONDS = 30;

/**
 * Locks the person's factor, so that guesses of one account are counted one after the other. Refuses with `factor_missing`, or
 * `factor_locked` after too many wrong codes.
 */
export const usableFactor = async (stores: Stores, personId: string): Promise<Result<FactorRow>> => {
  const factor = await stores.factors.lock(personId);
  if (!factor) return refuse('factor_missing', 'Enrol a second factor first; without one neither sign-in nor a gate opens.');
  if (factor.lockedUntil && factor.lockedUntil > stores.now) {
    const seconds = Math.ceil((factor.lockedUntil.getTime() - stores.now.getTime()) / 1000);
    return refuse('factor_locked', `Too many wrong codes were given for this account. Wait ${Math.ceil(seconds / 60)} minutes, then try again.`, {
      extra: { retry_after_seconds: seconds },
    });
  }
  return ok(factor);
};

/**
 * The unspent time step that a code belongs to. A wrong code is counted (and the count commits with the refusal); a
 * spent one is not, since it was right once. Consumes nothing: a gate does that last, when all else allows it (ADR 0021).
 */
export const matchCode = async (ctx: Context, stores: Stores, factor: FactorRow, code: string): Promise<Result<number>> => {
  const step = await ctx.services.credentials.matchTotp(factor.id, factor.sealed, code, stores.now);
  if (step === null) return wrongCode(await stores.factors.countFailure(factor.id, FAILURES_MAX, LOCK_MS));
  return step > factor.lastStep ? ok(step) : { ok: false, refusal: spentCode(stores.now, factor.lastStep) };
};

const wrongCode = ({ failures, lockedUntil }: { failures: number; lockedUntil: Date | null }): Result<number> => {
  const words = lockedUntil ? 'The factor is locked now after too many wrong codes.' : 'Type the code that your authenticator shows now.';
  return refuse('code_wrong', words, { extra: { failures_left: lockedUntil ? 0 : FAILURES_MAX - failures } });
};

/** A code was used in this step already: by this person at another gate, or at sign-in. */
export const spentCode = (now: Date, lastStep: number): Refusal => {
  const seconds = Math.max(1, Math.ceil((lastStep + 1) * STEP_SECONDS - now.getTime() / 1000));
  return refuse('otp_step_used', `Wait ${seconds} s for the next code of your authenticator, then send that.`, {
    extra: { retry_after_seconds: seconds },
  }).refusal;
};
