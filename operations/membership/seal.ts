import { type MembershipStatement, membershipBytes, type RoleStatement, roleBytes, type Seal } from '../../domain/membership.js';
import type { MembershipKey } from '../ports.js';

/** Seals a membership. Whoever writes it appends the audit event of this id in the same transaction; the database asks for it. */
export const sealMembership = (key: MembershipKey, said: MembershipStatement): Seal => ({
  eventId: said.eventId,
  authenticator: key.authenticate(membershipBytes(said)),
});

/** Seals what a role of a workspace allows, likewise. */
export const sealRole = (key: MembershipKey, said: RoleStatement): Seal => ({
  eventId: said.eventId,
  authenticator: key.authenticate(roleBytes(said)),
});
