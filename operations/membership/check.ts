import { permissionsOfMembership, type SealedMembership } from '../../domain/membership.js';
import type { Permission } from '../../domain/permissions.js';
import { type Refusal, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { Holder } from '../stores/memberships.js';

type Judge = Pick<Context, 'services'>;

/** Whether somebody holds a permission: by the database's own rules, and by an authentic membership. */
export const permits = ({ services }: Judge, { permitted, membership }: Holder, permission: Permission): boolean =>
  permitted && membership !== null && (permissionsOfMembership(services.membershipKey.isAuthentic, membership)?.includes(permission) ?? false);

/** Whether somebody of the workspace holds a permission at this moment. */
export const holds = async (ctx: Context, stores: Stores, personId: string, permission: Permission): Promise<boolean> =>
  permits(ctx, await stores.memberships.holder(personId, permission), permission);

/** Whether a membership and its roles are what the installation sealed, whatever they allow. */
export const isAuthenticMembership = ({ services }: Judge, membership: SealedMembership): boolean =>
  permissionsOfMembership(services.membershipKey.isAuthentic, membership) !== null;

/** Whether somebody is a member, and their membership and its roles are what the installation sealed. */
export const isAuthenticMember = async (ctx: Context, stores: Stores, personId: string): Promise<boolean> => {
  const membership = await stores.memberships.sealed(personId);
  return membership !== null && isAuthenticMembership(ctx, membership);
};

/** Why whoever has such a membership is let in nowhere. */
export const NOT_AUTHENTIC: Refusal = refuse(
  'membership_not_authentic',
  'What the database says of your roles was not written by Sluice, so it counts for nothing. Somebody who may give roles has to give you yours anew.',
).refusal;
