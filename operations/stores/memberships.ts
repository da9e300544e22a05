import type { Role } from '../../domain/actors.js';
import { columns, type Row, text, uuid } from './columns.js';

/** What a workspace shows of a person. */
export const PERSON_NAME = columns({
  id: uuid('id'),
  name: text('name'),
  email: text('email'),
});

export interface Member extends Omit<Row<typeof PERSON_NAME>, 'id'> {
  role: Role;
}

export interface MembershipStore {
  /** Null when the person is no active member. */
  roleOf(personId: string): Promise<Role | null>;
  /** The same without asking whether the person was disabled everywhere: for processes that may not read people. */
  memberRoleOf(personId: string): Promise<Role | null>;
  /** Members by id with their roles, disabled ones included; people of other workspaces are absent. */
  names(personIds: readonly string[]): Promise<Map<string, Member>>;
}
