import type { TransferKind } from '../../domain/ledger/postings.js';
import { bigint, columns, int, nullable, oneOf, type Row, text, time, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';

export const TRANSFER = columns({
  id: uuid('id'),
  debitAccountId: uuid('debit_account_id'),
  creditAccountId: uuid('credit_account_id'),
  /** Minor units. */
  amount: bigint('amount'),
  currency: text('currency'),
  kind: oneOf<TransferKind>()('kind'),
  batchId: nullable(uuid('batch_id')),
  ordinal: nullable(int('ordinal')),
  /** Version of the item after the transition that this transfer posts. */
  itemVersion: nullable(int('item_version')),
  eventId: uuid('event_id'),
  createdAt: time('created_at'),
});
export type TransferRow = Row<typeof TRANSFER>;

export interface TransferStore {
  /** A page of a list, newest first. */
  list(page: PageQuery & { accountId?: string | undefined; batchId?: string | undefined }): Promise<Page<TransferRow>>;
  /** Every transfer of the workspace, or of one batch, oldest first, after the given id. */
  inOrder(of: { batchId: string | null; after: string | null; limit: number }): Promise<TransferRow[]>;
  /** Puts sandbox money into a funding account, under an event. Every other transfer is posted by the database (`holds`, `chunks`). */
  topUp(of: Pick<TransferRow, 'eventId' | 'debitAccountId' | 'creditAccountId' | 'amount' | 'currency'>): Promise<void>;
}
