import type { Role } from '../../domain/actors.js';

export interface MembershipStore {
  /** Null when the person is no active member. */
  roleOf(personId: string): Promise<Role | null>;
  names(personIds: readonly string[]): Promise<Map<string, { name: string; email: string }>>;
}
