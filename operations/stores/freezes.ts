import { columns, nullable, type Row, text, time, uuid } from './columns.js';

export const FREEZE = columns({
  id: uuid('id'),
  tenantId: uuid('tenant_id'),
  reason: text('reason'),
  proposedBy: uuid('proposed_by'),
  proposedAt: time('proposed_at'),
  confirmedBy: nullable(uuid('confirmed_by')),
  confirmedAt: nullable(time('confirmed_at')),
  thawReason: nullable(text('thaw_reason')),
  thawProposedBy: nullable(uuid('thaw_proposed_by')),
  thawProposedAt: nullable(time('thaw_proposed_at')),
});
export type FreezeRow = Row<typeof FREEZE>;

/** Freezes of the workspace. Each step is written under the workspace's lock (`workspaces.lock`); the database refuses what is no step of an operator. */
export interface FreezeStore {
  /** The one that has not ended; null when there is none. */
  current(): Promise<FreezeRow | null>;
  /** Whether the workspace had this freeze, which has ended. */
  had(id: string): Promise<boolean>;
  /** Names of operators by id. */
  namesOf(operatorIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  propose(freeze: { id: string; reason: string; operatorId: string }): Promise<void>;
  confirm(id: string, operatorId: string): Promise<void>;
  /** Ends a freeze that nobody has confirmed. */
  withdraw(id: string): Promise<void>;
  proposeThaw(id: string, thaw: { reason: string; operatorId: string }): Promise<void>;
  withdrawThaw(id: string): Promise<void>;
  /** Confirms the thaw, and so ends the freeze. */
  confirmThaw(id: string, operatorId: string): Promise<void>;
}
