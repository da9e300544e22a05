import type { Seal, SealedMembership } from '../../domain/membership.js';
import type { Permission } from '../../domain/permissions.js';
import { columns, type Row, text, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';

/** What a workspace shows of a person. */
export const PERSON_NAME = columns({
  id: uuid('id'),
  name: text('name'),
  email: text('email'),
});

export interface Member extends Omit<Row<typeof PERSON_NAME>, 'id'> {
  roles: string[];
}

/** A member in a list. */
export interface ListedMember extends Member {
  id: string;
  /** False once the membership or the person was disabled. */
  active: boolean;
  /** Whether a link of a letter has proven the e-mail address. */
  emailVerified: boolean;
}

/** Whether somebody may do something by the rules of the database, and the membership that it goes by, which only a process with the key can judge. */
export interface Holder {
  permitted: boolean;
  /** Null for no member. */
  membership: SealedMembership | null;
}

export interface MembershipStore {
  /** A page of the members, disabled ones included, the newest person first. */
  list(page: PageQuery & { email?: string | undefined }): Promise<Page<ListedMember>>;
  /** The member, locked FOR UPDATE together with the owners of the workspace; null when the person is no member. */
  lock(personId: string): Promise<{ member: ListedMember; owners: string[] } | null>;
  /** `permitted`: the person is an active member whose roles allow it. */
  holder(personId: string, permission: Permission): Promise<Holder>;
  /** The membership of a person, disabled or not. */
  sealed(personId: string): Promise<SealedMembership | null>;
  /** Active owners, then admins, of the workspace: up to `most` of them. */
  administrators(most: number): Promise<Pick<Member, 'name' | 'email'>[]>;
  isActive(personId: string): Promise<boolean>;
  /** Members by id with their roles, disabled ones included; people of other workspaces are absent. */
  names(personIds: readonly string[]): Promise<Map<string, Member>>;
  setRoles(personId: string, roles: readonly string[], seal: Seal): Promise<void>;
  /** Disabling ends the member's sessions in this workspace too. */
  setActive(personId: string, active: boolean, seal: Seal): Promise<void>;
}
