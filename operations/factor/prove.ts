import type { Refusal } from '../../domain/result.js';
import { isOneTimeCode } from '../../domain/second-factor.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { LockedFactors } from '../stores/factors.js';
import { countWrongCode, matchCode, matchDecidingCode, spendStep, usable, usableFactors } from './match-code.js';
import { personalEntry, tellByLetter, writeEverywhere } from './tell.js';

/**
 * Checks a code of one of the person's factors and uses it up. Refuses with `factor_missing`, `factor_locked`, `code_wrong` or
 * `otp_step_used`; null when the code was right.
 */
export const proveByCode = async (ctx: Context, stores: Stores, personId: string, code: string): Promise<Refusal | null> => {
  const factors = await usableFactors(stores, personId);
  return factors.ok ? spend(ctx, stores, factors.value, code, matchCode) : factors.refusal;
};

/** The same by a factor that decides: for what is done to somebody else. Refuses with `factor_resting` too. */
export const proveToDecide = async (ctx: Context, stores: Stores, personId: string, code: string): Promise<Refusal | null> => {
  const factors = await usableFactors(stores, personId);
  return factors.ok ? spend(ctx, stores, factors.value, code, matchDecidingCode) : factors.refusal;
};

/**
 * The same by a code or a recovery code: to sign in, and to add or remove a factor. `factors` are the person's, locked, so that no reset takes
 * them away meanwhile; `but` is one that is to be removed, which does not stand for its own removal. A recovery code is taken while the factors
 * are locked after wrong codes too, because nobody guesses one, and its owner has to get in beside whoever sends those.
 */
export const proveByAnyCode = async (
  ctx: Context,
  stores: Stores,
  factors: LockedFactors | null,
  code: string,
  but?: string,
): Promise<Refusal | null> => {
  if (factors && !isOneTimeCode(code) && (await useRecoveryCode(ctx, stores, factors.personId, code))) return null;
  const found = usable(factors, stores.now);
  if (!found.ok) return found.refusal;
  if (!isOneTimeCode(code)) return countWrongCode(ctx, stores, found.value);
  return spend(ctx, stores, allBut(found.value, but), code, matchCode);
};

/** The same by a factor that has rested, or a recovery code: for what takes away what the person had before. */
export const proveByRestedCode = async (
  ctx: Context,
  stores: Stores,
  factors: LockedFactors | null,
  code: string,
  but: string,
): Promise<Refusal | null> => {
  if (!factors || !isOneTimeCode(code)) return proveByAnyCode(ctx, stores, factors, code, but);
  const found = usable(factors, stores.now);
  return found.ok ? spend(ctx, stores, allBut(found.value, but), code, matchDecidingCode) : found.refusal;
};

const allBut = (factors: LockedFactors, but: string | undefined): LockedFactors => ({ ...factors, all: factors.all.filter(({ id }) => id !== but) });

const spend = async (ctx: Context, stores: Stores, factors: LockedFactors, code: string, match: typeof matchCode): Promise<Refusal | null> => {
  const matched = await match(ctx, stores, factors, code);
  return matched.ok ? spendStep(stores, factors, matched.value) : matched.refusal;
};

/** Uses a recovery code up, tells the person by e-mail, and writes it into the logs of their workspaces. False when it is not theirs, or was used. */
const useRecoveryCode = async (ctx: Context, stores: Stores, personId: string, code: string): Promise<boolean> => {
  const hash = ctx.services.credentials.hashRecoveryCode(code);
  if (hash === null || !(await stores.recoveryCodes.use(personId, hash))) return false;
  const left = await stores.recoveryCodes.left(personId);
  await tellByLetter(ctx, stores, personId, { template: 'recovery_code_used', params: { at: stores.now.toISOString(), left } });
  await writeEverywhere(stores, { ...personalEntry(personId, 'person.use_recovery_code'), result: 'ok', detail: { left } });
  return true;
};
