import type { AccountKind, TransferKind } from '../../domain/item/postings.js';
import type { Page, PageQuery } from './access.js';

export interface AccountRow {
  id: string;
  kind: AccountKind;
  currency: string;
  name: string;
  /** Credits − debits, minor units. Never below zero but for external and suspense. */
  balance: bigint;
  createdAt: Date;
}

export interface TransferRow {
  id: string;
  debitAccountId: string;
  creditAccountId: string;
  amount: bigint;
  currency: string;
  kind: TransferKind;
  batchId: string | null;
  ordinal: number | null;
  eventId: string;
  createdAt: Date;
}

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

export interface HoldRow {
  id: string;
  batchId: string;
  contentVersion: number;
  accountId: string;
  currency: string;
  amount: bigint;
  remaining: bigint;
  resolvedAt: Date | null;
}

export interface HoldStore {
  insert(row: Omit<HoldRow, 'remaining' | 'resolvedAt'>): Promise<void>;
  /** The batch's live hold, locked FOR UPDATE. */
  lockLive(batchId: string): Promise<HoldRow | null>;
  ofBatch(batchId: string): Promise<HoldRow[]>;
  /** Takes `amount` off what remains; at zero the hold is resolved. */
  reduce(holdId: string, amount: bigint): Promise<void>;
}
