import type { z } from 'zod';
import type { enrolFactor as contract } from '../../contracts/factors.js';
import type { Actor } from '../../domain/actors.js';
import { toWireId } from '../../domain/ids.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { counts, FACTORS_MAX, PENDING_MS, TOO_MANY_FACTORS } from '../../domain/second-factor.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import type { FactorRow } from '../stores/factors.js';
import type { StoredPassword } from '../stores/passwords.js';
import { proveByAnyCode } from './prove.js';
import { personalEntry, refusedEverywhere, writeEverywhere } from './tell.js';
import { toWireFactor, type WireFactor } from './view.js';

type Input = z.output<typeof contract>;
/** Of somebody who has a factor, a code; of others, the present password. */
type Proof = Pick<Input, 'code' | 'password'>;
/** Makes what waits for its confirmation, once the person has proved themselves. */
type Pend<T> = (stores: Stores, person: Person) => Promise<T>;
type Person = Actor & { type: 'user' };

/**
 * Makes a factor for the caller that waits for its confirmation, in the place of one that waited before. Its secret is in this answer alone.
 * Whoever has a factor gives a code of one, or a recovery code; who has none gives the present password.
 *
 * Refuses with `forbidden` (no person), `too_many_factors`, `code_wrong` (or none was given), `otp_step_used`, `factor_locked`, `password_wrong` (or
 * none was given), `passwords_busy`, or `factor_added` (another request was first).
 */
export const enrolFactor = (ctx: Context, input: Input): Promise<Result<WireFactor>> =>
  enrol(ctx, input, (stores, person) => pendTotp(ctx, stores, person, input.name));

/** The same of a factor of any kind: `pend` makes it. */
export const enrol = async <T>(ctx: Context, proof: Proof, pend: Pend<T>): Promise<Result<T>> => {
  const { actor, services } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in has second factors.');
  const begun = await ctx.inTenant((stores) => begin(ctx, stores, actor, proof, pend));
  if ('ok' in begun) return begun;
  const { password } = begun;
  const checked = await services.credentials.checkPassword(password.hash, proof.password ?? '', actor.personId);
  if (!checked.ok) return checked;
  return ctx.inTenant(async (stores): Promise<Result<T>> => {
    await stores.factors.lockEnrolment(actor.personId);
    const refusal = await firstRefusal(stores, actor.personId, checked.value, password.version);
    return refusal ? refusedEverywhere(stores, entryOf(actor), refusal) : answer(await pend(stores, actor));
  });
};

/** The answer, or the password that the caller still has to prove: it is checked outside of a transaction, because that takes long. */
type Begun<T> = Result<T> | { password: StoredPassword };

const begin = async <T>(ctx: Context, stores: Stores, actor: Person, input: Proof, pend: Pend<T>): Promise<Begun<T>> => {
  const { personId } = actor;
  await stores.factors.lockEnrolment(personId);
  const counting = (await stores.factors.list(PENDING_MS)).filter(counts);
  if (counting.length >= FACTORS_MAX) return refusedEverywhere(stores, entryOf(actor), TOO_MANY_FACTORS);
  if (counting.length > 0) {
    if (input.code === undefined) return { ok: false, refusal: CODE_MISSING };
    const refusal = await proveByAnyCode(ctx, stores, await stores.factors.lock(personId, 'session'), input.code);
    return refusal ? refusedEverywhere(stores, entryOf(actor), refusal) : answer(await pend(stores, actor));
  }
  if (input.password === undefined) return { ok: false, refusal: PASSWORD_MISSING };
  const stored = await stores.passwords.get(personId);
  if (!stored) throw new Error(`person ${personId} has a session and is not there`);
  return { password: stored };
};

/** Why somebody's first factor is not made: the password was wrong or is another one by now, or there is a factor meanwhile. */
const firstRefusal = async (stores: Stores, personId: string, isRight: boolean, version: number): Promise<Refusal | null> => {
  if ((await stores.factors.list(PENDING_MS)).some(counts)) return ADDED_MEANWHILE;
  return isRight && (await stores.passwords.hold(personId, version)) ? null : WRONG;
};

const pendTotp = async (ctx: Context, stores: Stores, actor: Person, name: string): Promise<WireFactor> => {
  const { personId } = actor;
  const id = ctx.services.entropy.newId();
  const member = (await stores.memberships.names([personId])).get(personId);
  const made = await ctx.services.credentials.newTotpFactor({ id, personId }, member?.email ?? name);
  const row = await stores.factors.replacePending({ id, personId, kind: 'totp', name, sealed: made.sealed, challengeHash: null });
  await announceEnrolled(stores, row);
  return { ...toWireFactor(row), secret: made.secret, otpauth_uri: made.otpauthUri };
};

export const announceEnrolled = (stores: Stores, { id, personId, kind }: FactorRow): Promise<void> =>
  writeEverywhere(stores, { ...personalEntry(personId, 'factor.enrol'), result: 'ok', detail: { factor_id: toWireId('factor', id), kind } });

const entryOf = ({ personId }: Person) => personalEntry(personId, 'factor.enrol');

const CODE_MISSING = refuse('code_wrong', 'Send a code of a second factor that you have, or a recovery code.', {
  errors: [{ field: 'code', reason: 'required', message: 'give a code of a second factor that you have, or a recovery code' }],
}).refusal;

const PASSWORD_MISSING = refuse('password_wrong', 'Send your present password, because you have no second factor yet.', {
  errors: [{ field: 'password', reason: 'required', message: 'give the password that you sign in with now' }],
}).refusal;

const WRONG = refuse('password_wrong', 'The present password is wrong; nothing was changed.', {
  errors: [{ field: 'password', reason: 'wrong', message: 'give the password that you sign in with now' }],
}).refusal;

const ADDED_MEANWHILE = refuse('factor_added', 'You have a second factor by now. Send a code of it instead of the password.').refusal;
