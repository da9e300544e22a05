import { z } from 'zod';
import * as people from '../people.js';
import { list, type RouteShape, read } from '../route-shape.js';
import { id, listOf } from '../wire.js';

const whom = z.strictObject({ person_id: id('person') });
const which = z.strictObject({ role: people.roleName });

/** Who works in the workspace, and what they may do. */
export const PEOPLE_ROUTES = {
  list_people: list({
    path: '/v1/people',
    summary: 'List the members of the workspace',
    permission: 'people.read',
    query: people.listPeople,
    cursor: 'person',
    of: people.person,
  }),
  set_person_roles: {
    method: 'POST',
    path: '/v1/people/:person_id/roles',
    summary: 'Give and take roles: the member has exactly these from the next request on',
    permission: 'roles.manage',
    rateClass: 'write',
    idempotency: 'required',
    params: whom,
    body: people.setRoles,
    example: { roles: ['approver', 'auditor'] },
    out: { status: 200, body: people.person },
    problems: ['not_found', 'beyond_own_permissions', 'last_owner'],
  },
  disable_person: {
    method: 'POST',
    path: '/v1/people/:person_id/disable',
    summary: 'Let a member do nothing in this workspace any more, and end their sessions in it',
    permission: 'people.manage',
    rateClass: 'write',
    idempotency: 'required',
    params: whom,
    out: { status: 200, body: people.person },
    problems: ['not_found', 'beyond_own_permissions', 'last_owner'],
  },
  enable_person: {
    method: 'POST',
    path: '/v1/people/:person_id/enable',
    summary: 'Let a disabled member work again, with the roles they had',
    permission: 'people.manage',
    rateClass: 'write',
    idempotency: 'required',
    params: whom,
    out: { status: 200, body: people.person },
    problems: ['not_found', 'beyond_own_permissions'],
  },
  list_roles: read({
    path: '/v1/roles',
    summary: 'List the roles of the workspace and what each allows',
    permission: 'people.read',
    out: listOf(people.role),
    problems: [],
  }),
  define_role: {
    method: 'POST',
    path: '/v1/roles',
    summary: 'Define a role of this workspace',
    permission: 'roles.manage',
    rateClass: 'write',
    idempotency: 'required',
    body: people.defineRole,
    example: { name: 'reviewer', permissions: ['batches.read', 'exceptions.read', 'exceptions.handle'] },
    out: { status: 201, body: people.role },
    problems: ['role_name_taken', 'too_many_roles', 'beyond_own_permissions'],
  },
  edit_role: {
    method: 'PATCH',
    path: '/v1/roles/:role',
    summary: 'Change what a role of this workspace allows, for everybody who has it',
    permission: 'roles.manage',
    rateClass: 'write',
    params: which,
    body: people.editRole,
    example: { permissions: ['batches.read', 'exceptions.read'], row_version: 1 },
    out: { status: 200, body: people.role },
    problems: ['not_found', 'role_changed', 'role_fixed', 'beyond_own_permissions'],
  },
  delete_role: {
    method: 'DELETE',
    path: '/v1/roles/:role',
    summary: 'Delete a role that nobody has',
    permission: 'roles.manage',
    rateClass: 'write',
    params: which,
    out: { status: 200, body: people.role },
    problems: ['not_found', 'role_fixed', 'role_in_use', 'beyond_own_permissions'],
  },
} as const satisfies Record<string, RouteShape>;
