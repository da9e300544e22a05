import { beyond, isRole, PERMISSIONS, type Permission } from './permissions.js';
import { type Refusal, refuse } from './result.js';

/** Roles that a workspace may define. */
export const WORKSPACE_ROLES_MAX = 50;

/** The roles that one set has and the other has not. */
export const movedRoles = (before: readonly string[], after: readonly string[]): string[] => [
  ...before.filter((role) => !after.includes(role)),
  ...after.filter((role) => !before.includes(role)),
];

/** Roles that neither every workspace has nor this one defines. */
export const unknownRoles = (roles: readonly string[], defined: ReadonlyMap<string, readonly Permission[]>): string[] =>
  roles.filter((role) => !isRole(role) && !defined.has(role));

/**
 * Whoever gives or takes roles, or lets their holder in or out, holds all that those allow: so nobody raises anybody above themselves, and
 * nobody lowers who stands above them. Null when they may.
 */
export const refusalBeyondOwn = (held: readonly Permission[], touched: readonly Permission[], deed: string): Refusal | null => {
  const missing = beyond(held, touched);
  return missing.length === 0
    ? null
    : refuse('beyond_own_permissions', `You cannot ${deed}, because you do not hold ${missing.join(', ')} yourself. Somebody who does can.`, {
        extra: { permissions: missing.join(' ') },
      }).refusal;
};

/** `owners` are the active ones. Null when one is left without this person. */
export const refusalOfLastOwner = (personId: string, owners: readonly string[]): Refusal | null =>
  owners.length === 1 && owners[0] === personId
    ? refuse('last_owner', 'This is the only owner of the workspace. Make somebody else an owner first.').refusal
    : null;

/** What a role of a workspace allows, in the order of the table. Everybody who signs in may see and end their session, so each role allows that. */
export const allowedByRole = (permissions: readonly Permission[]): Permission[] =>
  PERMISSIONS.filter((one) => one === 'sessions.own' || permissions.includes(one));
