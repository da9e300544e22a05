import type { z } from 'zod';
import type { acceptedInvitation, acceptInvitation as contract } from '../../contracts/links.js';
import { CLOSED_DETAIL } from '../../domain/freeze.js';
import { toWireId } from '../../domain/ids.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import { unknownRoles } from '../../domain/role-changes.js';
import { type Context, type PublicContext, refusedAndAudited } from '../context.js';
import { newPasswordRefusal } from '../email-link/complete-reset.js';
import { LINK_NOT_VALID } from '../email-link/letters.js';
import { proveByAnyCode } from '../factor/prove.js';
import { isAuthenticMember } from '../membership/check.js';
import { sealMembership } from '../membership/seal.js';
import { toWirePerson } from '../person/view.js';
import { roomRefusal } from '../plan/limits.js';
import type { Stores } from '../ports.js';
import { holdDefinedRoles } from '../role/held.js';
import type { Acceptance, FoundInvitation } from '../stores/invitations.js';

type Input = z.output<typeof contract>;
type WireAccepted = z.infer<typeof acceptedInvitation>;

/** Who accepts: somebody new with the hash of a new password, or the account of the address, whose password was right. */
type Accepting = { personId: string } & ({ name: string; passwordHash: string } | { passwordVersion: number });

/**
 * Accepts an invitation by the token of its letter, which proves the address. Somebody new chooses a password and becomes a person; where the
 * address has an account already, its password and a code of its second factor, if it has one, prove that side too. Nobody is signed in by it.
 * Whether the inviter may give these roles is asked at this moment.
 *
 * Refuses with `link_not_valid` (one answer, whatever the reason), `password_refused`, `passwords_busy`, `inviter_not_permitted`,
 * `already_member`, `plan_limit` (the invitation stays open), `account_exists` (it was made meanwhile), and for an account with `invalid_credentials`, `otp_step_used` or `factor_locked`.
 */
export const acceptInvitation = async (publicContext: PublicContext, input: Input): Promise<Result<WireAccepted>> => {
  const { invitations, services, enter } = publicContext;
  const hash = services.credentials.hashToken(input.token);
  const found = hash && (await invitations.find(hash));
  if (!hash || !found) return { ok: false, refusal: LINK_NOT_VALID };
  const accepting = await (found.account ? ofAccount(publicContext, found, found.account, input) : ofNewPerson(publicContext, found, input));
  if (!accepting.ok) return accepting;
  const { personId } = accepting.value;
  return accept(enter(found.tenantId, found.mode, { type: 'email_link', linkId: found.id, personId }), found, hash, accepting.value);
};

const ofNewPerson = async (publicContext: PublicContext, found: FoundInvitation, input: Input): Promise<Result<Accepting>> => {
  const { credentials, entropy } = publicContext.services;
  const name = input.name ?? found.name;
  const refused = newPasswordRefusal(input.password, [found.email, name, found.workspace], publicContext, 'password');
  if (refused) return { ok: false, refusal: refused };
  const personId = entropy.newId();
  const made = await credentials.newPasswordHash(input.password, personId);
  return made.ok ? ok({ personId, name, passwordHash: made.value }) : made;
};

/** Proves the account of the address. Attempts that fail stand in the logs of its person's workspaces, as failed sign-ins do. */
const ofAccount = async (
  publicContext: PublicContext,
  found: FoundInvitation,
  { personId, password, disabled }: NonNullable<FoundInvitation['account']>,
  input: Input,
): Promise<Result<Accepting>> => {
  const { directory, personEvents, services, requestId, enter } = publicContext;
  const checked = await services.credentials.checkPassword(password.hash, input.password, personId);
  if (!checked.ok) return checked;
  if (!checked.value || disabled) {
    const event = { action: 'invitation.accept', result: NOT_PROVEN.code, detail: {} };
    await personEvents.add({ ...event, personId, actor: { type: 'system', process: 'api' }, requestId });
    return { ok: false, refusal: NOT_PROVEN };
  }
  // In a workspace of the person, whose log it belongs into.
  const { tenantId, mode } = (await directory.workspacesOf(personId))[0] ?? found;
  const ctx = enter(tenantId, mode, { type: 'email_link', linkId: found.id, personId });
  return ctx.inTenant(async (stores): Promise<Result<Accepting>> => {
    const unproven = await factorRefusal(ctx, stores, personId, input.code);
    if (!unproven) return ok({ personId, passwordVersion: password.version });
    const entry = { action: 'invitation.accept', detail: {} };
    await stores.personEvents.add({ ...entry, personId, result: unproven.code });
    await refusedAndAudited(stores, { ...entry, subject: { type: 'person', id: personId } }, unproven);
    return { ok: false, refusal: outwardly(unproven) };
  });
};

const accept = (ctx: Context, found: FoundInvitation, hash: Uint8Array, accepting: Accepting) =>
  ctx.inTenant(async (stores): Promise<Result<WireAccepted>> => {
    const refused = (refusal: Refusal) => refusedAndAudited(stores, entryOf(ctx, found), refusal);
    // Held until the end: nobody joins a workspace that is closed meanwhile.
    if ((await stores.workspaces.lockShared()).closedAt) return refused(refuse('workspace_frozen', CLOSED_DETAIL).refusal);
    const full = await roomRefusal(stores, 'people');
    if (full) return refused(full);
    const invalid = await inviterRefusal(ctx, stores, found);
    if (invalid) return refused(invalid);
    const { personId } = accepting;
    const eventId = stores.audit.newId();
    const said = { tenantId: ctx.tenantId, personId, roles: found.roles, disabled: false, eventId };
    const became = await stores.invitations.accept(hash, accepting, sealMembership(ctx.services.membershipKey, said));
    if (became !== 'accepted') return refused(REFUSALS[became]);
    const member = await stores.memberships.lock(personId);
    if (!member || !(await isAuthenticMember(ctx, stores, personId))) throw new Error('an invitation was accepted and made no such member');
    const workspace = { id: toWireId('workspace', found.tenantId), name: found.workspace, mode: found.mode };
    const { detail } = entryOf(ctx, found);
    await stores.audit.append({
      id: eventId,
      subject: { type: 'person', id: personId },
      action: 'person.join',
      result: 'ok',
      detail: { ...detail, new_account: 'name' in accepting },
    });
    return ok({ object: 'accepted_invitation', workspace, person: toWirePerson(member.member), new_account: 'name' in accepting });
  });

/**
 * Whether the inviter may give these roles at this moment. Their membership is locked until the end, so that it stays so. About an operator the
 * database asks alone, under a lock of its own: whether nobody has been let in before.
 */
const inviterRefusal = async (ctx: Context, stores: Stores, { invitedBy, roles }: FoundInvitation): Promise<Refusal | null> => {
  if (invitedBy === null) return null;
  await stores.memberships.lock(invitedBy);
  const defined = await holdDefinedRoles(ctx, stores, roles);
  const stands =
    unknownRoles(roles, defined).length === 0 &&
    (await isAuthenticMember(ctx, stores, invitedBy)) &&
    (await stores.invitations.mayInvite(invitedBy, roles));
  return stands ? null : REFUSALS.inviter;
};

/** The second proof of an account: a code or a recovery code, where it has a factor. An account without one has its password alone. */
const factorRefusal = async (ctx: Context, stores: Stores, personId: string, code: string | undefined): Promise<Refusal | null> => {
  const factors = await stores.factors.lock(personId, 'sign_in');
  if (!factors) return code === undefined ? null : NOT_PROVEN;
  return code === undefined ? NOT_PROVEN : proveByAnyCode(ctx, stores, factors, code);
};

/** What the caller gets: a wrong code looks like a wrong password, as at sign-in, and so does a code of somebody who has only passkeys. */
const outwardly = (refusal: Refusal): Refusal => (refusal.code === 'code_wrong' || refusal.code === 'factor_missing' ? NOT_PROVEN : refusal);

const entryOf = ({ tenantId }: Context, { id, invitedBy, invitedByOperator, roles }: FoundInvitation) => ({
  subject: { type: 'workspace' as const, id: tenantId },
  action: 'invitation.accept',
  detail: {
    invitation_id: toWireId('invitation', id),
    invited_by: invitedBy === null ? toWireId('operator', invitedByOperator ?? '') : toWireId('person', invitedBy),
    roles,
  },
});

const NOT_PROVEN = refuse(
  'invalid_credentials',
  'This address has an account already. Give the password of that account, and, if it has a second factor, the code that its authenticator shows or a recovery code.',
).refusal;

const REFUSALS: Readonly<Record<Exclude<Acceptance, 'accepted'>, Refusal>> = {
  gone: LINK_NOT_VALID,
  inviter: refuse('inviter_not_permitted', 'Whoever invited you may not give these roles any more. Ask somebody of the workspace to invite you.')
    .refusal,
  member: refuse('already_member', 'You work in this workspace already. Sign in.').refusal,
  account: refuse('account_exists', 'The account of this address was made or changed meanwhile. Send the same again with its password.').refusal,
};
