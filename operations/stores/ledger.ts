import type { AccountKind } from '../../domain/item/postings.js';
import type { AccountRow } from './accounts.js';
import type { Page, PageQuery } from './page.js';
import type { TransferRow } from './transfers.js';

export interface LedgerStore {
  accounts(page: PageQuery & { kind?: AccountKind | undefined; currency?: string | undefined }): Promise<Page<AccountRow>>;
  account(id: string): Promise<AccountRow | null>;
  /** FOR UPDATE: the balance stays true until the transaction ends. */
  lockAccount(id: string): Promise<AccountRow | null>;
  fundingAccount(currency: string): Promise<AccountRow | null>;
  /** The workspace's own account of a kind and currency; made when it is first needed. */
  ensureAccount(kind: Exclude<AccountKind, 'funding'>, currency: string): Promise<AccountRow>;
  transfers(page: PageQuery & { accountId?: string | undefined; batchId?: string | undefined }): Promise<Page<TransferRow>>;
  /** Inserts one transfer; the database moves the balances and refuses an overdraft. */
  post(row: Omit<TransferRow, 'createdAt' | 'ordinal'>): Promise<void>;
}
