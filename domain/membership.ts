import { canonicalBytes } from './hashing.js';
import { isRole, type Permission, permissionsOfRoles } from './permissions.js';

/** Everything that a membership says. One that says anything else needs another authenticator. */
export interface MembershipStatement {
  tenantId: string;
  personId: string;
  /** In the order in which they are stored. */
  roles: readonly string[];
  disabled: boolean;
  /** The audit event of the change that made it what it is; the database takes an event once (migration 0032). */
  eventId: string;
}

/** What a role allows that a workspace defines. */
export interface RoleStatement {
  tenantId: string;
  name: string;
  permissions: readonly Permission[];
  /** The audit event of the change that made it what it is. */
  eventId: string;
}

/** What makes a row authentic: the event of its change, and the authenticator that binds it to the rest of the row. */
export interface Seal {
  eventId: string;
  authenticator: Uint8Array;
}

/** A row as it is stored. One of before authenticators that nobody has sealed yet has neither event nor authenticator. */
type Stored<Statement> = Omit<Statement, 'eventId'> & { [Member in keyof Seal]: Seal[Member] | null };

/** A membership as it is stored, with those of its roles that the workspace defines. */
export type SealedMembership = Stored<MembershipStatement> & { defined: readonly SealedRole[] };
export type SealedRole = Omit<Stored<RoleStatement>, 'tenantId'>;

/** Whether this is the installation's authenticator of these bytes. */
export type IsAuthentic = (bytes: Uint8Array, authenticator: Uint8Array) => boolean;

/** The canonical form of a membership (RFC 8785), over which its authenticator is computed. Its members and its version never change. */
export const membershipBytes = ({ tenantId, personId, roles, disabled, eventId }: MembershipStatement): Uint8Array =>
  canonicalBytes({ domain: 'sluice-membership-v1', tenant_id: tenantId, person_id: personId, roles: [...roles], disabled, event_id: eventId });

/** The canonical form of a role that a workspace defines (RFC 8785). Its members and its version never change. */
export const roleBytes = ({ tenantId, name, permissions, eventId }: RoleStatement): Uint8Array =>
  canonicalBytes({ domain: 'sluice-role-v1', tenant_id: tenantId, name, permissions: [...permissions], event_id: eventId });

/** Its roles are asked for by themselves. */
const isAuthenticMembership = (isAuthentic: IsAuthentic, { eventId, authenticator, ...said }: SealedMembership): boolean =>
  eventId !== null && authenticator !== null && isAuthentic(membershipBytes({ ...said, eventId }), authenticator);

/** Whether a role that this workspace defines allows what the installation sealed. */
export const isAuthenticRole = (isAuthentic: IsAuthentic, tenantId: string, { name, permissions, eventId, authenticator }: SealedRole): boolean =>
  eventId !== null && authenticator !== null && isAuthentic(roleBytes({ tenantId, name, permissions, eventId }), authenticator);

/**
 * What a membership allows: nothing while it is disabled, and null when it, or a role of it that the workspace defines, is not what the
 * installation sealed. A role that the workspace does not have is such a role: it was taken away behind the back of the membership.
 */
export const permissionsOfMembership = (isAuthentic: IsAuthentic, sealed: SealedMembership): Permission[] | null => {
  if (!isAuthenticMembership(isAuthentic, sealed)) return null;
  if (!sealed.defined.every((role) => isAuthenticRole(isAuthentic, sealed.tenantId, role))) return null;
  const defined = new Map(sealed.defined.map(({ name, permissions }) => [name, permissions]));
  if (sealed.roles.some((name) => !isRole(name) && !defined.has(name))) return null;
  return sealed.disabled ? [] : permissionsOfRoles(sealed.roles, defined);
};
