import type { AccountKind } from '../../domain/item/postings.js';

export interface AccountRow {
  id: string;
  kind: AccountKind;
  currency: string;
  name: string;
  /** Credits − debits, minor units. Never below zero but for external and suspense. */
  balance: bigint;
  createdAt: Date;
}
