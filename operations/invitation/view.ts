import type { z } from 'zod';
import type { invitation } from '../../contracts/links.js';
import { toWireId } from '../../domain/ids.js';
import type { Stores } from '../ports.js';
import type { InvitationRow } from '../stores/invitations.js';

export type WireInvitation = z.infer<typeof invitation>;

/** Invitations in their wire form, with who invited. */
export const toWireInvitations = async (stores: Stores, rows: readonly InvitationRow[]): Promise<WireInvitation[]> => {
  const inviters = await stores.memberships.names(distinct(rows.map(({ invitedBy }) => invitedBy)));
  const operators = await stores.freezes.namesOf(distinct(rows.map(({ invitedByOperator }) => invitedByOperator)));
  const inviterOf = ({ invitedBy, invitedByOperator }: InvitationRow): WireInvitation['invited_by'] =>
    invitedBy === null
      ? { person_id: null, name: operators.get(invitedByOperator ?? '') ?? '' }
      : { person_id: toWireId('person', invitedBy), name: inviters.get(invitedBy)?.name ?? '' };
  return rows.map((row) => ({
    object: 'invitation',
    id: toWireId('invitation', row.id),
    email: row.email,
    name: row.name,
    roles: [...row.roles],
    invited_by: inviterOf(row),
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt.toISOString(),
    revoked_at: row.revokedAt?.toISOString() ?? null,
  }));
};

const distinct = (ids: readonly (string | null)[]): string[] => [...new Set(ids.filter((id) => id !== null))];

export const toWireInvitation = async (stores: Stores, row: InvitationRow): Promise<WireInvitation> => {
  const [wire] = await toWireInvitations(stores, [row]);
  if (!wire) throw new Error('one invitation became none');
  return wire;
};
