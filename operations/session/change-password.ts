import type { z } from 'zod';
import type { changePassword as contract, passwordChange } from '../../contracts/access.js';
import type { Actor } from '../../domain/actors.js';
import type { AuditEntry } from '../../domain/audit/event.js';
import { passwordFault } from '../../domain/password.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { matchCode, spendStep, usableFactors } from '../factor/match-code.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import type { StoredPassword } from '../stores/passwords.js';

type Input = z.output<typeof contract>;
type WirePasswordChange = z.infer<typeof passwordChange>;
type Person = Actor & { type: 'user' };

/**
 * Changes the caller's own password and ends every other session of theirs, in all workspaces; the log of each hears of it. It needs the
 * present password and a code. The code comes first and is used up whatever follows: whoever has only the session tries no password by it.
 *
 * Refuses with `forbidden` (no person), `password_refused` (the new one, with the reason), `code_wrong`, `otp_step_used`, `factor_locked`,
 * `factor_missing`, `password_wrong` (the present one) or `passwords_busy`.
 */
export const changePassword = async (ctx: Context, input: Input): Promise<Result<WirePasswordChange>> => {
  const { actor, services } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in changes their own password.');
  const proven = await ctx.inTenant((stores) => prove(ctx, stores, actor, input));
  if (!proven.ok) return proven;
  const checked = await services.credentials.checkPassword(proven.value.hash, input.password, actor.personId);
  if (!checked.ok) return checked;
  if (!checked.value) return ctx.inTenant((stores) => refusedEverywhere(stores, actor.personId, WRONG));
  const made = await services.credentials.newPasswordHash(input.new_password, actor.personId);
  if (!made.ok) return made;
  return ctx.inTenant((stores) => change(stores, actor, proven.value.version, made.value));
};

/** Judges the new password and uses the code up. The stored password, when both will do. */
const prove = async (ctx: Context, stores: Stores, { personId }: Person, input: Input): Promise<Result<StoredPassword>> => {
  const refused = newPasswordRefusal(ctx, input, await knownOf(stores, personId));
  if (refused) return refusedEverywhere(stores, personId, refused);
  const factors = await usableFactors(stores, personId);
  if (!factors.ok) return refusedEverywhere(stores, personId, factors.refusal);
  const matched = await matchCode(ctx, stores, factors.value, input.code);
  if (!matched.ok) return refusedEverywhere(stores, personId, matched.refusal);
  const spent = await spendStep(stores, factors.value, matched.value);
  if (spent) return refusedEverywhere(stores, personId, spent);
  const stored = await stores.passwords.get(personId);
  if (!stored) throw new Error(`person ${personId} has a session and is not there`);
  return ok(stored);
};

/** What anybody who tries to guess this person's password would know. */
const knownOf = async (stores: Stores, personId: string): Promise<string[]> => {
  const { name: workspace } = await stores.workspaces.get();
  const member = (await stores.memberships.names([personId])).get(personId);
  return [workspace, ...(member ? [member.email, member.name] : [])];
};

const newPasswordRefusal = ({ services }: Context, input: Input, known: readonly string[]): Refusal | null => {
  const fault = passwordFault(input.new_password, known, services.credentials.estimateGuesses);
  const same = input.new_password === input.password ? { reason: 'unchanged', message: 'take another password than the present one' } : null;
  const error = fault ?? same;
  return (
    error &&
    refuse('password_refused', `Nothing was changed, and the code was not used. Of the new password: ${error.message}.`, {
      errors: [{ field: 'new_password', ...error }],
    }).refusal
  );
};

const change = async (stores: Stores, { personId, sessionId }: Person, version: number, hash: string): Promise<Result<WirePasswordChange>> => {
  if (!(await stores.passwords.change(personId, version, hash))) return refusedEverywhere(stores, personId, CHANGED_MEANWHILE);
  const ended = (await stores.sessions.endOthers(sessionId)).length;
  const entry = { ...entryOf(personId), result: 'ok', detail: { ended_sessions: ended } };
  await stores.personEvents.add({ ...entry, personId });
  await stores.audit.append(entry);
  return answer({ object: 'password_change', changed_at: stores.now.toISOString(), ended_sessions: ended });
};

/** Refuses, and tells the logs of all workspaces of the person. */
const refusedEverywhere = async (stores: Stores, personId: string, refusal: Refusal): Promise<{ ok: false; refusal: Refusal }> => {
  await stores.personEvents.add({ ...entryOf(personId), personId, result: refusal.code });
  return refusedAndAudited(stores, entryOf(personId), refusal);
};

const entryOf = (personId: string): Omit<AuditEntry, 'result'> => ({
  subject: { type: 'person', id: personId },
  action: 'person.change_password',
  detail: {},
});

const WRONG = refuse(
  'password_wrong',
  'The present password is wrong; nothing was changed. Send it again with the next code of your authenticator.',
  {
    errors: [{ field: 'password', reason: 'wrong', message: 'give the password that you sign in with now' }],
  },
).refusal;

const CHANGED_MEANWHILE = refuse('password_wrong', 'Another request has just changed this password. Give the new one as the present one.', {
  errors: [{ field: 'password', reason: 'changed', message: 'give the password that you sign in with now' }],
}).refusal;
