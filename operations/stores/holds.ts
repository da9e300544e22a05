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
  ofBatch(batchId: string): Promise<HoldRow[]>;
  /** Sets total and fee maximum of an approved batch aside, funding → held. The database refuses an overdraft. Returns the amount, minor units. */
  place(id: string, batchId: string, eventId: string): Promise<bigint>;
  /** Gives back all that the batch still holds. The database refuses it while items may be paid from it. Returns the amount, minor units. */
  release(batchId: string, eventId: string): Promise<bigint>;
}
