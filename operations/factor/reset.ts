import { type Actor, permissionsOf } from '../../domain/actors.js';
import { toWireId } from '../../domain/ids.js';
import { permissionsOfRoles } from '../../domain/permissions.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { refusalBeyondOwn } from '../../domain/role-changes.js';
import { RESET_MS } from '../../domain/second-factor.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import { holdDefinedRoles } from '../role/held.js';
import type { ListedMember } from '../stores/memberships.js';
import { proveByCode, proveToDecide } from './prove.js';
import { personalEntry, refusedEverywhere, tellByLetter, writeEverywhere } from './tell.js';
import { toWireReset, type WireFactorReset } from './view.js';

type Person = Actor & { type: 'user' };

/**
 * Asks that the caller's own factors are all taken away, the last one with them; it takes a code. Somebody else who may manage people
 * confirms it. Refuses with `forbidden` (no person), `factor_missing`, `factor_locked`, `code_wrong` or `otp_step_used`.
 */
export const askFactorReset = async (ctx: Context, { code }: { code: string }): Promise<Result<WireFactorReset>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return NO_PERSON;
  return ctx.inTenant(async (stores): Promise<Result<WireFactorReset>> => {
    const entry = personalEntry(actor.personId, 'factor.ask_reset');
    const refusal = await proveByCode(ctx, stores, actor.personId, code);
    return refusal ? refusedEverywhere(stores, entry, refusal) : ask(ctx, stores, actor, actor.personId);
  });
};

/**
 * Asks that the factors of a member are all taken away, because they lost them; a second person confirms it. Who asks holds all that the
 * member holds, in every workspace of the member, and gives a code of a factor that has rested.
 *
 * Refuses with `forbidden` (no person), `not_found`, `beyond_own_permissions`, `factor_missing`, `factor_locked`, `factor_resting`,
 * `code_wrong` or `otp_step_used`.
 */
export const proposeFactorReset = async (ctx: Context, input: { person_id: string; code: string }): Promise<Result<WireFactorReset>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return NO_PERSON;
  return aboutMember(ctx, input.person_id, 'factor.ask_reset', async (stores, entry) => {
    const refusal = await proveToDecide(ctx, stores, actor.personId, input.code);
    return refusal ? refusedEverywhere(stores, entry, refusal) : ask(ctx, stores, actor, input.person_id);
  });
};

/**
 * Confirms a reset as its second person, under the same rules: all factors and recovery codes of the member are gone, and their sessions in all
 * workspaces have ended. They are told by e-mail. Refuses with `reset_same_person` too: neither who asked nor whom it is about confirms.
 */
export const confirmFactorReset = async (ctx: Context, input: { person_id: string; code: string }): Promise<Result<WireFactorReset>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return NO_PERSON;
  return aboutMember(ctx, input.person_id, 'factor.reset', async (stores, entry, member) => {
    const waiting = await stores.factorResets.lockWaiting(input.person_id);
    if (!waiting) return refusedAndAudited(stores, entry, NONE_WAITS);
    if ([waiting.proposedBy, waiting.personId].includes(actor.personId)) return refusedEverywhere(stores, entry, SAME_PERSON);
    const refusal = await proveToDecide(ctx, stores, actor.personId, input.code);
    if (refusal) return refusedEverywhere(stores, entry, refusal);
    const ended = await stores.factorResets.carryOut(waiting.id);
    if (ended === null) throw new Error(`reset ${waiting.id} was locked and is gone`);
    const detail = { ...entry.detail, proposed_by: toWireId('person', waiting.proposedBy), ended_sessions: ended };
    await tell(ctx, stores, actor, member.id, 'factors_reset');
    await writeEverywhere(stores, { ...entry, result: 'ok', detail });
    return answer(toWireReset(waiting, actor.personId, ended));
  });
};

const ask = async (ctx: Context, stores: Stores, actor: Person, personId: string): Promise<Result<WireFactorReset>> => {
  const row = await stores.factorResets.ask({ id: ctx.services.entropy.newId(), personId, proposedBy: actor.personId }, RESET_MS);
  await tell(ctx, stores, actor, personId, 'factor_reset_asked', row.expiresAt);
  const detail = { reset_id: toWireId('factorReset', row.id), expires_at: row.expiresAt.toISOString() };
  await writeEverywhere(stores, { ...personalEntry(personId, 'factor.ask_reset'), result: 'ok', detail });
  return answer(toWireReset(row, null, null));
};

const tell = async (
  ctx: Context,
  stores: Stores,
  actor: Person,
  personId: string,
  ...[template, until]: ['factor_reset_asked', Date] | ['factors_reset']
): Promise<void> => {
  const { name: workspace } = await stores.workspaces.get();
  const by = (await stores.memberships.names([actor.personId])).get(actor.personId)?.name ?? '';
  const said = { by, workspace, at: stores.now.toISOString() };
  const letter = template === 'factors_reset' ? { template, params: said } : { template, params: { ...said, until: until.toISOString() } };
  await tellByLetter(ctx, stores, personId, letter);
};

type Entry = ReturnType<typeof personalEntry>;

/** Finds the member whom something is about, refuses what is beyond the caller, and does the rest. */
const aboutMember = (
  ctx: Context,
  personId: string,
  action: string,
  work: (stores: Stores, entry: Entry, member: ListedMember) => Promise<Result<WireFactorReset>>,
): Promise<Result<WireFactorReset>> =>
  ctx.inTenant(async (stores): Promise<Result<WireFactorReset>> => {
    const found = await stores.memberships.lock(personId);
    if (!found)
      return refusedAndAudited(
        stores,
        { subject: { type: 'workspace', id: ctx.tenantId }, action, detail: { person_id: toWireId('person', personId) } },
        refuse('not_found', 'This workspace has no such member.').refusal,
      );
    const entry = personalEntry(personId, action);
    const beyond = await beyondRefusal(ctx, stores, found.member);
    return beyond ? refusedAndAudited(stores, entry, beyond) : work(stores, entry, found.member);
  });

/** Whoever could take away the factors of somebody above themselves would be one password away from what those hold. */
const beyondRefusal = async (ctx: Context, stores: Stores, member: ListedMember): Promise<Refusal | null> => {
  const defined = await holdDefinedRoles(ctx, stores, member.roles);
  const here = refusalBeyondOwn(permissionsOf(ctx.actor), permissionsOfRoles(member.roles, defined), 'reset the factors of this member');
  return here ?? ((await stores.factorResets.covers(member.id)) ? null : ELSEWHERE);
};

const NO_PERSON = refuse('forbidden', 'Only a person who signed in has and resets second factors.');
const NONE_WAITS = refuse('not_found', 'No reset of this member waits for a confirmation. One waits for a day; ask for it anew.').refusal;
const SAME_PERSON = refuse(
  'reset_same_person',
  'Neither who asked for a reset nor whom it is about confirms it. Somebody else who may manage people can.',
).refusal;
const ELSEWHERE = refuse(
  'beyond_own_permissions',
  'This person works in other workspaces too, where you do not hold all that they hold. Factors belong to all of them; somebody who does can reset them.',
).refusal;
