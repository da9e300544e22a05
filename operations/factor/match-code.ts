import { type CodePurpose, LOCKOUT, waitInWords } from '../../domain/lockout.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import { decides, decidesFrom, restingRefusal } from '../../domain/second-factor.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { FactorRow, LockedFactors } from '../stores/factors.js';
import { announceLock } from './announce-lock.js';

/** A code belongs to a time step of 30 s (RFC 6238). */
const STEP_SECONDS = 30;

/** The factor that a code is of, and the time step that it belongs to. */
interface MatchedCode {
  factor: FactorRow;
  step: number;
}

/**
 * Locks the rows of the person's factors, so that the wrong codes of one account are counted one after the other (R12). Refuses with
 * `factor_missing`, or with `factor_locked` after too many wrong codes for this purpose.
 */
export const usableFactors = async (stores: Stores, personId: string, purpose: CodePurpose = 'session'): Promise<Result<LockedFactors>> =>
  usable(await stores.factors.lock(personId, purpose), stores.now);

/** The same of rows that are locked already. */
export const usable = (factors: LockedFactors | null, now: Date): Result<LockedFactors> => {
  if (!factors) return refuse('factor_missing', 'Enrol a second factor first (sluice factors add); without one no gate opens.');
  if (factors.lockedUntil && factors.lockedUntil > now) {
    const seconds = Math.ceil((factors.lockedUntil.getTime() - now.getTime()) / 1000);
    const given = factors.purpose === 'sign_in' ? 'to sign in to this account' : 'within sessions of this account';
    return refuse('factor_locked', `Too many wrong codes were given ${given}. Wait ${waitInWords(seconds)}, then try again.`, {
      extra: { retry_after_seconds: seconds },
    });
  }
  return ok(factors);
};

/**
 * The same for codes that decide: at gates, and of who confirms as the second person. Refuses with `factor_resting` too, while no authenticator
 * with codes has rested, so that nobody types a code in vain.
 */
export const decidingFactors = async (stores: Stores, personId: string): Promise<Result<LockedFactors>> =>
  decidingCodes(await stores.factors.lock(personId, 'session'), stores.now);

/** The same of rows that are locked already. */
export const decidingCodes = (locked: LockedFactors | null, now: Date): Result<LockedFactors> => {
  const factors = usable(locked, now);
  const from = factors.ok ? decidesFrom(withCodes(factors.value)) : null;
  return from !== null && from > now ? { ok: false, refusal: restingRefusal(from) } : factors;
};

/** The same for where a code alone will do: refuses with `factor_missing` too, of somebody whose factors are all passkeys. */
export const decidingApps = async (stores: Stores, personId: string): Promise<Result<LockedFactors>> => {
  const factors = await decidingFactors(stores, personId);
  return factors.ok && withCodes(factors.value).length === 0 ? NO_CODES : factors;
};

const withCodes = ({ all }: LockedFactors): FactorRow[] => all.filter(({ kind }) => kind === 'totp');

/**
 * The factor and the time step that a code belongs to. Refuses with `factor_missing` (only passkeys), with `code_wrong`, which is counted (the count commits with the refusal, and so does
 * the letter that tells the person of a lock), or with `otp_step_used`, which is not counted because the code is right. Uses up nothing: a gate does
 * that last, when everything else allows it (ADR 0021).
 */
export const matchCode = async (ctx: Context, stores: Stores, factors: LockedFactors, code: string): Promise<Result<MatchedCode>> => {
  const apps = withCodes(factors);
  if (apps.length === 0) return NO_CODES;
  let spent: FactorRow | null = null;
  for (const factor of apps) {
    const step = await ctx.services.credentials.matchTotp(factor, code, stores.now);
    if (step === null) continue;
    if (step > factor.lastStep) return ok({ factor, step });
    spent = factor;
  }
  return { ok: false, refusal: spent ? spentCode(stores.now, spent.lastStep) : await countWrongCode(ctx, stores, factors) };
};

/** Of a factor that decides. A right code of one that still rests is refused with `factor_resting`, and is not counted. */
export const matchDecidingCode = async (ctx: Context, stores: Stores, factors: LockedFactors, code: string): Promise<Result<MatchedCode>> => {
  const matched = await matchCode(ctx, stores, factors, code);
  if (!matched.ok || decides(matched.value.factor, stores.now)) return matched;
  return { ok: false, refusal: restingRefusal(matched.value.factor.gatesFrom ?? stores.now) };
};

/** Counts a wrong code, and tells the person when it locks their factors. */
export const countWrongCode = async (
  ctx: Context,
  stores: Stores,
  { personId, purpose }: Pick<LockedFactors, 'personId' | 'purpose'>,
): Promise<Refusal> => {
  const failure = await stores.factors.countFailure(purpose);
  if (failure.lockedUntil) await announceLock(ctx, stores, personId, failure.lockedUntil);
  return wrongCode(failure);
};

/** Of somebody whose second factors are all passkeys. */
export const NO_CODES = refuse(
  'factor_missing',
  'None of your second factors has codes. Give a recovery code where one is taken, or add an authenticator with one (sluice factors add). Without any, two others take your factors away (sluice factors reset).',
);

const wrongCode = ({ failures, lockedUntil }: { failures: number; lockedUntil: Date | null }): Refusal => {
  const detail = lockedUntil ? 'The factor is locked now after too many wrong codes.' : 'Type the code that your authenticator shows now.';
  return refuse('code_wrong', detail, { extra: { failures_left: lockedUntil ? 0 : LOCKOUT.failuresMax - failures } }).refusal;
};

/**
 * Consumes the time step of a right code and ends the count of wrong ones for its purpose. Refuses when another use of the step was first
 * (I7); null when this one was.
 */
export const spendStep = async (stores: Stores, factors: LockedFactors, { factor, step }: MatchedCode): Promise<Refusal | null> => {
  return (await stores.factors.consumeStep(factor.id, step, factors.purpose)) ? null : spentCode(stores.now, step);
};

/** This person has used a code of this time step already, at sign-in or at another gate of any workspace. */
const spentCode = (now: Date, lastStep: number): Refusal => {
  const seconds = Math.max(1, Math.ceil((lastStep + 1) * STEP_SECONDS - now.getTime() / 1000));
  return refuse('otp_step_used', `Wait ${seconds} s for the next code of your authenticator, then send that.`, {
    extra: { retry_after_seconds: seconds },
  }).refusal;
};
