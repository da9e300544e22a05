import type { z } from 'zod';
import type { tenant } from '../../contracts/tenants.js';
import { tenantState } from '../../domain/freeze.js';
import { toWireId } from '../../domain/ids.js';
import type { Stores } from '../ports.js';
import type { FreezeRow } from '../stores/freezes.js';
import type { Tenant } from '../stores/operator-directory.js';

export type WireTenant = z.infer<typeof tenant>;

type Names = ReadonlyMap<string, string>;

/** Operators who stand in these freezes. */
export const operatorsIn = (freezes: readonly (FreezeRow | null)[]): string[] => [
  ...new Set(freezes.flatMap((one) => (one ? [one.proposedBy, one.confirmedBy, one.thawProposedBy] : [])).filter((id) => id !== null)),
];

/** A workspace in the wire form that operators see. */
export const toWireTenant = ({ workspace, freeze }: Tenant, names: Names): WireTenant => ({
  object: 'tenant',
  id: toWireId('workspace', workspace.tenantId),
  organization_id: toWireId('organization', workspace.organizationId),
  name: workspace.name,
  mode: workspace.mode,
  plan: workspace.plan,
  state: tenantState(freeze, workspace.frozenAt),
  stopped_at: workspace.frozenAt?.toISOString() ?? null,
  closed_at: workspace.closedAt?.toISOString() ?? null,
  freeze: freeze && toWireFreeze(freeze, names),
});

const toWireFreeze = (freeze: FreezeRow, names: Names): NonNullable<WireTenant['freeze']> => {
  const operator = (id: string) => ({ id: toWireId('operator', id), name: names.get(id) ?? 'an operator' });
  const { thawReason, thawProposedBy, thawProposedAt } = freeze;
  return {
    id: toWireId('freeze', freeze.id),
    reason: freeze.reason,
    proposed_by: operator(freeze.proposedBy),
    proposed_at: freeze.proposedAt.toISOString(),
    confirmed_by: freeze.confirmedBy === null ? null : operator(freeze.confirmedBy),
    confirmed_at: freeze.confirmedAt?.toISOString() ?? null,
    thaw:
      thawReason === null || thawProposedBy === null || thawProposedAt === null
        ? null
        : { reason: thawReason, proposed_by: operator(thawProposedBy), proposed_at: thawProposedAt.toISOString() },
  };
};

/** The workspace of this transaction as it stands now. */
export const readTenant = async (stores: Stores): Promise<WireTenant> => {
  const workspace = await stores.workspaces.get();
  const freeze = await stores.freezes.current();
  return toWireTenant({ workspace, freeze }, await stores.freezes.namesOf(operatorsIn([freeze])));
};
