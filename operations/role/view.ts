import type { z } from 'zod';
import type { role } from '../../contracts/people.js';
import { ROLE_MEANINGS, ROLES, type Role } from '../../domain/permissions.js';
import type { WorkspaceRoleRow } from '../stores/roles.js';

export type WireRole = z.infer<typeof role>;

/** A role of the workspace in its wire form. */
export const toWireRole = (row: WorkspaceRoleRow, members: number): WireRole => ({
  object: 'role',
  name: row.name,
  defined_by: 'workspace',
  meaning: null,
  permissions: row.permissions,
  members,
  row_version: row.rowVersion,
  created_at: row.createdAt.toISOString(),
});

/** A role that every workspace has. */
export const fixedRole = (name: Role, members: number): WireRole => ({
  object: 'role',
  name,
  defined_by: 'sluice',
  meaning: ROLE_MEANINGS[name],
  permissions: [...ROLES[name]],
  members,
  row_version: null,
  created_at: null,
});
