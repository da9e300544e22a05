import { bigint, columns, int, nullable, type Row, text, time, uuid } from './columns.js';

export const HOLD = columns({
  id: uuid('id'),
  batchId: uuid('batch_id'),
  contentVersion: int('content_version'),
  /** The funding account that the money was taken from. */
  accountId: uuid('account_id'),
  currency: text('currency'),
  /** Minor units. */
  amount: bigint('amount'),
  remaining: bigint('remaining'),
  resolvedAt: nullable(time('resolved_at')),
});
export type HoldRow = Row<typeof HOLD>;

export interface HoldStore {
  insert(row: Omit<HoldRow, 'remaining' | 'resolvedAt'>): Promise<void>;
  /** The batch's live hold, locked FOR UPDATE. */
  lockLive(batchId: string): Promise<HoldRow | null>;
  ofBatch(batchId: string): Promise<HoldRow[]>;
  /** Takes `amount` off what remains; at zero the hold is resolved. */
  reduce(holdId: string, amount: bigint): Promise<void>;
}
