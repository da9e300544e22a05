import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import { FAILURES_MAX, LOCK_MS } from '../session/prove-code.js';
import type { FactorRow } from '../stores/access.js';

/** RFC 6238: a code belongs to a time step of 30 s. */
const STEP_SECONDS = 30;

/** Locks the person's factor. Refuses with `factor_missing`, or `factor_locked` after too many wrong codes. */
export const usableFactor = async (stores: Stores, personId: string): Promise<Result<FactorRow>> => {
  const factor = await stores.factors.lock(personId);
  if (!factor) return refuse('factor_missing', 'Enrol a second factor first; a gate opens with a code only.');
  if (factor.lockedUntil && factor.lockedUntil > stores.now) {
    const seconds = Math.ceil((factor.lockedUntil.getTime() - stores.now.getTime()) / 1000);
    return refuse('factor_locked', `Too many wrong codes. Wait ${Math.ceil(seconds / 60)} minutes, then ask for a new challenge.`, {
      extra: { retry_after_seconds: seconds },
    });
  }
  return ok(factor);
};

/**
 * The unspent time step that a code belongs to. A wrong code is counted (and the count commits with the refusal); a
 * spent one is not, since it was right once. Consumes nothing: that comes last, when all else allows the gate.
 */
export const matchCode = async (ctx: Context, stores: Stores, factor: FactorRow, code: string): Promise<Result<number>> => {
  const step = await ctx.services.credentials.matchTotp(factor.id, factor.sealed, code, stores.now);
  if (step === null) {
    const { failures, lockedUntil } = await stores.factors.countFailure(factor.id, FAILURES_MAX, LOCK_MS);
    const left = lockedUntil ? 0 : FAILURES_MAX - failures;
    return refuse(
      'code_wrong',
      left > 0 ? 'Type the code that your authenticator shows now.' : 'The factor is locked now after too many wrong codes.',
      {
        extra: { failures_left: left },
      },
    );
  }
  return step > factor.lastStep ? ok(step) : { ok: false, refusal: spentCode(stores.now, factor.lastStep) };
};

/** A code was used in this step already: by this person at another gate, or at sign-in. */
export const spentCode = (now: Date, lastStep: number): Refusal => {
  const seconds = Math.max(1, Math.ceil((lastStep + 1) * STEP_SECONDS - now.getTime() / 1000));
  return refuse('otp_step_used', `Wait ${seconds} s for the next code of your authenticator, then send that.`, {
    extra: { retry_after_seconds: seconds },
  }).refusal;
};
