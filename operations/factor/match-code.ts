import { type CodePurpose, LOCKOUT, waitInWords } from '../../domain/lockout.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { FactorRow } from '../stores/factors.js';
import { announceLock } from './announce-lock.js';

/** A code belongs to a time step of 30 s (RFC 6238). */
const STEP_SECONDS = 30;

/**
 * Locks the row of the person's factor, so that the wrong codes of one account are counted one after the other (R12). Refuses with
 * `factor_missing`, or with `factor_locked` after too many wrong codes for this purpose.
 */
export const usableFactor = async (stores: Stores, personId: string, purpose: CodePurpose = 'session'): Promise<Result<FactorRow>> => {
  const factor = await stores.factors.lock(personId, purpose);
  if (!factor) return refuse('factor_missing', 'Enrol a second factor first; without one neither sign-in nor a gate opens.');
  if (factor.lockedUntil && factor.lockedUntil > stores.now) {
    const seconds = Math.ceil((factor.lockedUntil.getTime() - stores.now.getTime()) / 1000);
    const given = purpose === 'sign_in' ? 'to sign in to this account' : 'within sessions of this account';
    return refuse('factor_locked', `Too many wrong codes were given ${given}. Wait ${waitInWords(seconds)}, then try again.`, {
      extra: { retry_after_seconds: seconds },
    });
  }
  return ok(factor);
};

/**
 * The time step that a code belongs to. Refuses with `code_wrong`, which is counted (the count commits with the refusal, and so does the
 * letter that tells the person of a lock), or with `otp_step_used`, which is not counted because the code is right. Uses up nothing: a gate does that last, when everything else
 * allows it (ADR 0021).
 */
export const matchCode = async (ctx: Context, stores: Stores, factor: FactorRow, code: string): Promise<Result<number>> => {
  const step = await ctx.services.credentials.matchTotp(factor.id, factor.sealed, code, stores.now);
  if (step === null) {
    const failure = await stores.factors.countFailure(factor.id, factor.purpose, LOCKOUT);
    if (failure.lockedUntil) await announceLock(ctx, stores, factor.personId, failure.lockedUntil);
    return wrongCode(failure);
  }
  return step > factor.lastStep ? ok(step) : { ok: false, refusal: spentCode(stores.now, factor.lastStep) };
};

const wrongCode = ({ failures, lockedUntil }: { failures: number; lockedUntil: Date | null }): Result<number> => {
  const detail = lockedUntil ? 'The factor is locked now after too many wrong codes.' : 'Type the code that your authenticator shows now.';
  return refuse('code_wrong', detail, { extra: { failures_left: lockedUntil ? 0 : LOCKOUT.failuresMax - failures } });
};

/**
 * Consumes the time step of a right code and ends the count of wrong ones for its purpose. Refuses when another use of the step was first
 * (I7); null when this one was.
 */
export const spendStep = async (stores: Stores, factor: FactorRow, step: number): Promise<Refusal | null> => {
  if (!(await stores.factors.consumeStep(factor.id, step))) return spentCode(stores.now, step);
  await stores.factors.clearFailures(factor.id, factor.purpose, LOCKOUT.quietMs);
  return null;
};

/** This person has used a code of this time step already, at sign-in or at another gate of any workspace. */
const spentCode = (now: Date, lastStep: number): Refusal => {
  const seconds = Math.max(1, Math.ceil((lastStep + 1) * STEP_SECONDS - now.getTime() / 1000));
  return refuse('otp_step_used', `Wait ${seconds} s for the next code of your authenticator, then send that.`, {
    extra: { retry_after_seconds: seconds },
  }).refusal;
};
