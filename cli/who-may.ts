import { ROUTES, type RouteId } from '../contracts/routes.js';
import { holdersOf, isOperatorPermission, isRole, type Permission, ROLES, type Role } from '../domain/permissions.js';

/** Who runs a command: beside a demo stack `--as ROLE` acts as somebody else. */
export interface Acting {
  besideStack: boolean;
  /** The role of `--as`, where it was given. */
  as?: string | undefined;
}

/** The roles of the demo stack's people; the owner is named only where nobody nearer may. */
const DEMO_ROLES = ['preparer', 'approver', 'authorizer', 'executor', 'auditor', 'owner'] as const satisfies readonly Role[];

/** What everybody who works on batches holds, so that whoever reads the command may run it. */
const isEverybodys = (permission: string): boolean => DEMO_ROLES.every((role) => roleHolds(role, permission));

const roleHolds = (role: string | undefined, permission: string): boolean =>
  role !== undefined && isRole(role) && (ROLES[role] as readonly string[]).includes(permission);

/**
 * A command, without `sluice`, that takes this route, as the person before the terminal can run it or hand it on: beside the demo stack it
 * names a role that may, elsewhere it says who may. `prefer` is a role to name in any case, for what a second person does.
 */
export const forWhoMay = (command: string, route: RouteId, { besideStack, as }: Acting, note = '', prefer?: Role): string => {
  const { permission } = ROUTES[route];
  const said = (words: readonly string[]): string => (words.length > 0 ? `   (${words.join('; ')})` : '');
  const notes = note === '' ? [] : [note];
  // Who has an operator's credential at hand is asked for no role.
  if (isEverybodys(permission) || permission === 'public' || permission === 'signed' || isOperatorPermission(permission))
    return `sluice ${command}${said(notes)}`;
  if (!besideStack) return `sluice ${command}${said([...notes, `somebody who may: ${holdersOf(permission)}`])}`;
  if (prefer === undefined && roleHolds(as, permission)) return `sluice ${command}${said(notes)}`;
  const role = prefer ?? demoRoleOf(permission);
  return `sluice ${role ? `--as ${role} ` : ''}${command}${said(notes)}`;
};

/** Somebody of the demo stack who holds this. */
export const demoRoleOf = (permission: Permission): Role | undefined => DEMO_ROLES.find((name) => roleHolds(name, permission));
