import { ROUTES } from '../../contracts/routes.js';
import {
  KEY_SCOPES,
  OPERATOR_PERMISSION_MEANINGS,
  OPERATOR_PERMISSIONS,
  type OperatorPermission,
  PERMISSION_MEANINGS,
  PERMISSIONS,
  type Permission,
  ROLE_MEANINGS,
  ROLE_NAMES,
  ROLES,
  SLEEPS_WITHOUT_FACTOR,
} from '../../domain/permissions.js';
import { listItem } from './wrap.js';

const holders = (permission: Permission): string =>
  ROLE_NAMES.filter((role) => (ROLES[role] as readonly Permission[]).includes(permission)).join(', ');

const routesOf = (permission: Permission | OperatorPermission): string[] =>
  Object.entries(ROUTES).flatMap(([id, route]) => ((route.permission as string) === permission ? `\`${id}\`` : []));

/** docs/permissions.md, from the one table of roles and permissions and the route table. */
export const permissionsPage = (): string => `# Roles and permissions

Generated from \`domain/permissions.ts\` and \`contracts/routes.ts\` by \`npm run docs\`; a test fails when it is stale.

A member of a workspace has one or more roles, and may do what any of them allows. Beside the roles below, which every
workspace has, a workspace may define its own out of the same permissions (\`sluice roles define\`). Whoever gives or
takes a role, or disables a member who has it, holds all that it allows; so nobody raises anybody above themselves.
Changes take hold at the next request (decision [0063](adr/0063-several-roles.md)).

Holding several gate permissions is allowed. Using two of them on one batch never is (R9).

## Roles

${ROLE_NAMES.map((role) => listItem(`**${role}** ${ROLE_MEANINGS[role]}`)).join('\n')}

## Permissions

An API key may hold those that say so, and never more than its owner holds at the time of a request.

Whoever has no second factor signs in without one, and then those that say so sleep: nobody uses them before a factor is
enrolled and confirmed, and they have signed in with it (decision [0071](adr/0071-second-factors.md)).

${PERMISSIONS.map((permission) => {
  const routes = routesOf(permission);
  return listItem(
    [
      `\`${permission}\`: ${PERMISSION_MEANINGS[permission]}.`,
      `Roles: ${holders(permission)}.`,
      ...(KEY_SCOPES.includes(permission) ? ['Keys may hold it.'] : []),
      ...(SLEEPS_WITHOUT_FACTOR[permission] ? ['Sleeps without a second factor.'] : []),
      ...(routes.length > 0 ? [`Routes: ${routes.join(', ')}.`] : []),
    ].join(' '),
  );
}).join('\n')}

## Operators of the platform

An operator holds all of these and nothing of a workspace. No role, scope or key of a workspace holds any of them
(decision [0073](adr/0073-freezes-by-two.md)).

${OPERATOR_PERMISSIONS.map((permission) =>
  listItem(`\`${permission}\`: ${OPERATOR_PERMISSION_MEANINGS[permission]}. Routes: ${routesOf(permission).join(', ')}.`),
).join('\n')}
`;
