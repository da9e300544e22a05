import type { z } from 'zod';
import type { invitation } from '../../contracts/links.js';
import { toWireId } from '../../domain/ids.js';
import type { Stores } from '../ports.js';
import type { InvitationRow } from '../stores/invitations.js';

export type WireInvitation = z.infer<typeof invitation>;

/** Invitations in their wire form, with who invited. */
export const toWireInvitations = async (stores: Stores, rows: readonly InvitationRow[]): Promise<WireInvitation[]> => {
  const inviters = await stores.memberships.names([...new Set(rows.map(({ invitedBy }) => invitedBy))]);
  return rows.map((row) => ({
    object: 'invitation',
    id: toWireId('invitation', row.id),
    email: row.email,
    name: row.name,
    roles: [...row.roles],
    invited_by: { person_id: toWireId('person', row.invitedBy), name: inviters.get(row.invitedBy)?.name ?? '' },
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt.toISOString(),
    revoked_at: row.revokedAt?.toISOString() ?? null,
  }));
};

export const toWireInvitation = async (stores: Stores, row: InvitationRow): Promise<WireInvitation> => {
  const [wire] = await toWireInvitations(stores, [row]);
  if (!wire) throw new Error('one invitation became none');
  return wire;
};
