import type { Role } from '../../domain/actors.js';
import { columns, type Row, text, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';

/** What a workspace shows of a person. */
export const PERSON_NAME = columns({
  id: uuid('id'),
  name: text('name'),
  email: text('email'),
});

export interface Member extends Omit<Row<typeof PERSON_NAME>, 'id'> {
  role: Role;
}

/** A member in a list. */
export interface ListedMember extends Member {
  id: string;
  /** False once the membership or the person was disabled. */
  active: boolean;
}

export interface MembershipStore {
  /** A page of the members, disabled ones included, the newest person first. */
  list(page: PageQuery & { email?: string | undefined }): Promise<Page<ListedMember>>;
  /** Null when the person is no active member. */
  roleOf(personId: string): Promise<Role | null>;
  /** The same without asking whether the person was disabled everywhere: for processes that may not read people. */
  memberRoleOf(personId: string): Promise<Role | null>;
  /** Members by id with their roles, disabled ones included; people of other workspaces are absent. */
  names(personIds: readonly string[]): Promise<Map<string, Member>>;
}
