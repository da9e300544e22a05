import type { z } from 'zod';
import type { setRoles as contract } from '../../contracts/people.js';
import { permissionsOf } from '../../domain/actors.js';
import type { AuditEntry } from '../../domain/audit/event.js';
import { toWireId } from '../../domain/ids.js';
import type { MembershipStatement, Seal, SealedMembership } from '../../domain/membership.js';
import { permissionsOfRoles } from '../../domain/permissions.js';
import { type Refusal, type Result, refuse, wrongInput } from '../../domain/result.js';
import { movedRoles, refusalBeyondOwn, refusalOfLastOwner, unknownRoles } from '../../domain/role-changes.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { isAuthenticMember, isAuthenticMembership } from '../membership/check.js';
import { sealMembership } from '../membership/seal.js';
import { roomRefusal } from '../plan/limits.js';
import type { Stores } from '../ports.js';
import { holdDefinedRoles, noSuchRole } from '../role/held.js';
import type { ListedMember } from '../stores/memberships.js';
import { toWirePerson, type WirePerson } from './view.js';

/** A member under their lock, with the active owners of the workspace whose membership is authentic. */
interface Found {
  member: ListedMember;
  owners: string[];
  membership: SealedMembership;
  /** Whether the installation sealed the membership as it is. */
  authentic: boolean;
  /** Of the event that is written in the end. */
  eventId: string;
}

/**
 * Gives a member exactly these roles. It takes hold at their next request; a gate that they opened counts only while they still hold it. The
 * caller holds all that is given and taken, and a workspace keeps an owner; the database asks the same. The same roles again change nothing, but of a
 * membership that SQL has written: it becomes authentic by them.
 *
 * Refuses with `not_found`, `invalid_request` (a role that the workspace does not have), `beyond_own_permissions` or `last_owner`.
 */
export const setPersonRoles = (ctx: Context, input: { person_id: string } & z.output<typeof contract>): Promise<Result<WirePerson>> =>
  change(ctx, input.person_id, 'person.set_roles', async (stores, { member, owners, membership, authentic, eventId }) => {
    const wanted = [...new Set(input.roles)].sort();
    const moved = movedRoles(member.roles, wanted);
    // Held until the end, so that no role changes or is deleted while it is given.
    const defined = await holdDefinedRoles(ctx, stores, [...member.roles, ...wanted]);
    // Of a membership that SQL has written nothing is held yet: all of it is given now, also what it says already.
    const touched = authentic ? moved : [...member.roles, ...wanted];
    const detail = { roles_before: [...member.roles].sort(), roles: wanted };
    const unknown = unknownRoles(wanted, defined);
    if (unknown.length > 0) return { detail, refusal: wrongInput(unknown.map((name) => noSuchRole(input.roles.indexOf(name), name))) };
    const refusal =
      refusalBeyondOwn(permissionsOf(ctx.actor), permissionsOfRoles(touched, defined), 'give or take these roles') ??
      (moved.includes('owner') && member.roles.includes('owner') ? refusalOfLastOwner(member.id, owners) : null);
    if (refusal) return { detail, refusal };
    const changed = touched.length > 0;
    if (changed) await stores.memberships.setRoles(member.id, wanted, sealOf(ctx, { ...membership, roles: wanted, eventId }));
    return { detail: { ...detail, changed }, member: { ...member, roles: wanted } };
  });

/**
 * Lets a member do nothing in this workspace any more: their sessions in it end, and their API keys stop, from the next request on. Refuses
 * with `not_found`, `beyond_own_permissions`, `last_owner` or `membership_not_authentic`. Disabling twice changes nothing.
 */
export const disablePerson = (ctx: Context, { person_id }: { person_id: string }): Promise<Result<WirePerson>> =>
  change(ctx, person_id, 'person.disable', (stores, found) =>
    setActive(ctx, stores, found, { active: false, last: refusalOfLastOwner(found.member.id, found.owners) }),
  );

/**
 * Lets a disabled member work again, with the roles and API keys they had; they sign in anew. Refuses as `disablePerson` does, and with `plan_limit`:
 * whoever is disabled takes no place.
 */
export const enablePerson = (ctx: Context, { person_id }: { person_id: string }): Promise<Result<WirePerson>> =>
  change(
    ctx,
    person_id,
    'person.enable',
    (stores, found, full) => setActive(ctx, stores, found, { active: true, last: found.member.active ? null : full }),
    // Asked before the lock of the member.
    (stores) => roomRefusal(stores, 'people'),
  );

const setActive = async (
  ctx: Context,
  stores: Stores,
  { member, membership, authentic, eventId }: Found,
  { active, last }: { active: boolean; last: Refusal | null },
): Promise<Changed> => {
  const defined = await holdDefinedRoles(ctx, stores, member.roles);
  const allowed = permissionsOfRoles(member.roles, defined);
  const refusal = refusalBeyondOwn(permissionsOf(ctx.actor), allowed, active ? 'let this member in' : 'shut this member out') ?? last;
  if (refusal) return { detail: {}, refusal };
  // It would seal the roles that SQL wrote.
  if (!authentic) return { detail: {}, refusal: SAY_ROLES_FIRST };
  const changed = member.active !== active;
  if (changed) await stores.memberships.setActive(member.id, active, sealOf(ctx, { ...membership, disabled: !active, eventId }));
  return { detail: { changed }, member: { ...member, active } };
};

const sealOf = (ctx: Context, said: MembershipStatement): Seal => sealMembership(ctx.services.membershipKey, said);

/** What of a member and the owners is what the installation sealed. An owner whom SQL has made keeps no workspace. */
const judged = async (ctx: Context, stores: Stores, { member, owners }: Pick<Found, 'member' | 'owners'>) => {
  const membership = await stores.memberships.sealed(member.id);
  if (!membership) throw new Error('a member was locked and is none');
  const authenticOwners: string[] = [];
  for (const id of owners) if (await isAuthenticMember(ctx, stores, id)) authenticOwners.push(id);
  return { member, owners: authenticOwners, membership, authentic: isAuthenticMembership(ctx, membership) };
};

const SAY_ROLES_FIRST = refuse(
  'membership_not_authentic',
  'What the database says of the roles of this member was not written by Sluice, so it counts for nothing. Give them the roles that they should have first.',
).refusal;

type Changed = { detail: AuditEntry['detail'] } & ({ refusal: Refusal } | { member: ListedMember });

/** Asks for room, locks the member, does the work, and writes the event, of a refusal too. */
const change = (
  ctx: Context,
  personId: string,
  action: string,
  work: (stores: Stores, found: Found, full: Refusal | null) => Promise<Changed>,
  room: (stores: Stores) => Promise<Refusal | null> = async () => null,
): Promise<Result<WirePerson>> =>
  ctx.inTenant(async (stores) => {
    const full = await room(stores);
    const found = await stores.memberships.lock(personId);
    if (!found)
      return refusedAndAudited(
        stores,
        { subject: { type: 'workspace', id: ctx.tenantId }, action, detail: { person_id: toWireId('person', personId) } },
        refuse('not_found', 'This workspace has no such member.').refusal,
      );
    const eventId = stores.audit.newId();
    const done = await work(stores, { ...(await judged(ctx, stores, found)), eventId }, full);
    const entry = { subject: { type: 'person', id: personId }, action, detail: done.detail } as const;
    if ('refusal' in done) return refusedAndAudited(stores, entry, done.refusal);
    await stores.audit.append({ ...entry, id: eventId, result: 'ok' });
    return answer(toWirePerson(done.member));
  });
