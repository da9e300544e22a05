import type { Plan } from '../../domain/plans.js';
import { columns, nullable, oneOf, type Row, text, time, uuid } from './columns.js';

export const WORKSPACE = columns({
  tenantId: uuid('tenant_id'),
  organizationId: uuid('organization_id'),
  name: text('name'),
  mode: oneOf<'live' | 'test'>()('mode'),
  /** Of its organization. */
  plan: oneOf<Plan>()('plan'),
  /** Since when no money leaves. */
  frozenAt: nullable(time('frozen_at')),
  /** Since when nobody works in it either: two operators froze it. */
  closedAt: nullable(time('closed_at')),
  /** Since when machine calls that change something have to be signed; null where they need not be. */
  signingRequiredAt: nullable(time('signing_required_at')),
});
export type WorkspaceRow = Row<typeof WORKSPACE>;

export interface WorkspaceStore {
  get(): Promise<WorkspaceRow>;
  /** The workspace, locked alone: for a freeze, or the hold of a payee. Those that send or open gates later wait for it (R1). */
  lock(): Promise<WorkspaceRow>;
  /** The workspace, locked with others: a freeze waits for this transaction, and later transactions see the freeze (R1). */
  lockShared(): Promise<WorkspaceRow>;
  /** No money leaves from now on. Where none does already, the first time stays. */
  stop(): Promise<void>;
  /** Nobody works in it from now on: keys and sessions are refused, and the sessions end. */
  close(): Promise<void>;
  /** Money leaves and people work again, as far as no freeze and no stop is open; the database refuses more. */
  thaw(): Promise<void>;
  /** Gives all workspaces of its organization another plan, as this operator decided, and answers the one it had. */
  setPlan(operatorId: string, plan: Plan): Promise<Plan>;
  /** From now on machine calls have to be signed. Where they have to be already, the first time stays. */
  requireSigning(): Promise<WorkspaceRow>;
  /** Machine calls need not be signed any more. The database refuses it on live. */
  allowUnsigned(): Promise<WorkspaceRow>;
}
