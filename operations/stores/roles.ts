import type { Seal } from '../../domain/membership.js';
import type { Permission } from '../../domain/permissions.js';
import { bytes, columns, int, nullable, type Row, text, texts, time, uuid } from './columns.js';

export const WORKSPACE_ROLE = columns({
  name: text('name'),
  permissions: texts<Permission[]>()('permissions'),
  rowVersion: int('row_version'),
  createdAt: time('created_at'),
  /** The audit event of its last change; null, like the authenticator, for one of before that nobody has sealed. */
  eventId: nullable(uuid('event_id')),
  authenticator: nullable(bytes('authenticator')),
});
export type WorkspaceRoleRow = Row<typeof WORKSPACE_ROLE>;

/** Roles that the workspace defines, beside those that every workspace has. */
export interface RoleStore {
  /** By name. */
  list(): Promise<WorkspaceRoleRow[]>;
  /** Those of these names, locked against change and deletion until the transaction ends. */
  hold(names: readonly string[]): Promise<WorkspaceRoleRow[]>;
  /** Locked FOR UPDATE; null when the workspace does not define it. */
  lock(name: string): Promise<WorkspaceRoleRow | null>;
  /** Null when the name is taken. */
  insert(row: Pick<WorkspaceRoleRow, 'name' | 'permissions'> & Seal): Promise<WorkspaceRoleRow | null>;
  change(name: string, permissions: readonly Permission[], seal: Seal): Promise<void>;
  delete(name: string): Promise<void>;
  /** How many active members have each role, by its name; a role that nobody has is absent. */
  memberCounts(): Promise<ReadonlyMap<string, number>>;
  /** Whether a member has it, disabled ones included. */
  isHeld(name: string): Promise<boolean>;
}
