import type { Permission } from '../../domain/permissions.js';
import type { FieldError } from '../../domain/result.js';
import type { Stores } from '../ports.js';

/** What each of these roles that the workspace defines allows. They are held until the transaction ends, so that none changes or is deleted meanwhile. */
export const holdDefinedRoles = async (stores: Stores, roles: readonly string[]): Promise<Map<string, readonly Permission[]>> =>
  new Map((await stores.roles.hold(roles)).map(({ name, permissions }) => [name, permissions]));

/** What is wrong with a role that the workspace does not have, at its place in the input. */
export const noSuchRole = (place: number, name: string): FieldError => ({
  field: `roles.${place}`,
  reason: 'no_such_role',
  message: `the workspace has no role ${name}; list them with GET /v1/roles`,
});
