import type { AccountKind } from '../../domain/ledger/postings.js';
import { bigint, columns, oneOf, type Row, text, time, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';

export const ACCOUNT = columns({
  id: uuid('id'),
  kind: oneOf<AccountKind>()('kind'),
  currency: text('currency'),
  name: text('name'),
  /** Credits − debits, minor units. Never below zero except for external and suspense. */
  balance: bigint('balance'),
  createdAt: time('created_at'),
});
export type AccountRow = Row<typeof ACCOUNT>;

export interface AccountStore {
  list(page: PageQuery & { kind?: AccountKind | undefined; currency?: string | undefined }): Promise<Page<AccountRow>>;
  get(id: string): Promise<AccountRow | null>;
  /** Locks accounts FOR UPDATE in the order of their ids (R8): the balances stay true until the transaction ends. Those that are absent are missing from the answer. */
  lock(ids: readonly string[]): Promise<AccountRow[]>;
  /** The workspace's first funding account of a currency. */
  funding(currency: string): Promise<AccountRow | null>;
  /** Null when a funding account in this currency has the name. */
  insertFunding(name: string, currency: string): Promise<AccountRow | null>;
  /** The workspace's own account of a kind and currency; made when it is first needed. */
  ensure(kind: Exclude<AccountKind, 'funding'>, currency: string): Promise<AccountRow>;
}
