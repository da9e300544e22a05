import { isAuthenticRole } from '../../domain/membership.js';
import type { Permission } from '../../domain/permissions.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';

/**
 * What each of these roles that the workspace defines allows. They are held until the transaction ends, so that none changes or is deleted meanwhile.
 * One that the installation did not seal is not there: nobody gives it, or what it allows.
 */
export const holdDefinedRoles = async (
  { tenantId, services }: Context,
  stores: Stores,
  roles: readonly string[],
): Promise<Map<string, readonly Permission[]>> => {
  const held = await stores.roles.hold(roles);
  const authentic = held.filter((role) => isAuthenticRole(services.membershipKey.isAuthentic, tenantId, role));
  return new Map(authentic.map(({ name, permissions }) => [name, permissions]));
};

/** What is wrong with a role that the workspace does not have, at its place in the input. */
export const noSuchRole = (place: number, name: string): FieldError => ({
  field: `roles.${place}`,
  reason: 'no_such_role',
  message: `the workspace has no role ${name}; list them with GET /v1/roles`,
});
