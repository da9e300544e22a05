import type { z } from 'zod';
import type { setRoles as contract } from '../../contracts/people.js';
import { permissionsOf } from '../../domain/actors.js';
import type { AuditEntry } from '../../domain/audit/event.js';
import { toWireId } from '../../domain/ids.js';
import { permissionsOfRoles } from '../../domain/permissions.js';
import { type Refusal, type Result, refuse, wrongInput } from '../../domain/result.js';
import { movedRoles, refusalBeyondOwn, refusalOfLastOwner, unknownRoles } from '../../domain/role-changes.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { roomRefusal } from '../plan/limits.js';
import type { Stores } from '../ports.js';
import { holdDefinedRoles, noSuchRole } from '../role/held.js';
import type { ListedMember } from '../stores/memberships.js';
import { toWirePerson, type WirePerson } from './view.js';

/** A member under their lock, with the active owners of the workspace. */
interface Found {
  member: ListedMember;
  owners: string[];
}

/**
 * Gives a member exactly these roles. It takes hold at their next request; a gate that they opened counts only while they still hold it. The
 * caller holds all that is given and taken, and a workspace keeps an owner; the database asks the same. The same roles again change nothing.
 *
 * Refuses with `not_found`, `invalid_request` (a role that the workspace does not have), `beyond_own_permissions` or `last_owner`.
 */
export const setPersonRoles = (ctx: Context, input: { person_id: string } & z.output<typeof contract>): Promise<Result<WirePerson>> =>
  change(ctx, input.person_id, 'person.set_roles', async (stores, { member, owners }) => {
    const wanted = [...new Set(input.roles)].sort();
    const moved = movedRoles(member.roles, wanted);
    // Held until the end, so that no role changes or is deleted while it is given.
    const defined = await holdDefinedRoles(stores, [...member.roles, ...wanted]);
    const detail = { roles_before: [...member.roles].sort(), roles: wanted };
    const unknown = unknownRoles(wanted, defined);
    if (unknown.length > 0) return { detail, refusal: wrongInput(unknown.map((name) => noSuchRole(input.roles.indexOf(name), name))) };
    const refusal =
      refusalBeyondOwn(permissionsOf(ctx.actor), permissionsOfRoles(moved, defined), 'give or take these roles') ??
      (moved.includes('owner') && member.roles.includes('owner') ? refusalOfLastOwner(member.id, owners) : null);
    if (refusal) return { detail, refusal };
    if (moved.length > 0) await stores.memberships.setRoles(member.id, wanted);
    return { detail: { ...detail, changed: moved.length > 0 }, member: { ...member, roles: wanted } };
  });

/**
 * Lets a member do nothing in this workspace any more: their sessions in it end, and their API keys stop, from the next request on. Refuses
 * with `not_found`, `beyond_own_permissions` or `last_owner`. Disabling twice changes nothing.
 */
export const disablePerson = (ctx: Context, { person_id }: { person_id: string }): Promise<Result<WirePerson>> =>
  change(ctx, person_id, 'person.disable', (stores, found) =>
    setActive(ctx, stores, found, { active: false, last: refusalOfLastOwner(found.member.id, found.owners) }),
  );

/**
 * Lets a disabled member work again, with the roles and API keys they had; they sign in anew. Refuses with `not_found`, `beyond_own_permissions` or
 * `plan_limit`: whoever is disabled takes no place.
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
  { member }: Found,
  { active, last }: { active: boolean; last: Refusal | null },
): Promise<Changed> => {
  const defined = await holdDefinedRoles(stores, member.roles);
  const allowed = permissionsOfRoles(member.roles, defined);
  const refusal = refusalBeyondOwn(permissionsOf(ctx.actor), allowed, active ? 'let this member in' : 'shut this member out') ?? last;
  if (refusal) return { detail: {}, refusal };
  const changed = member.active !== active;
  if (changed) await stores.memberships.setActive(member.id, active);
  return { detail: { changed }, member: { ...member, active } };
};

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
    const done = await work(stores, found, full);
    const entry = { subject: { type: 'person', id: personId }, action, detail: done.detail } as const;
    if ('refusal' in done) return refusedAndAudited(stores, entry, done.refusal);
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer(toWirePerson(done.member));
  });
