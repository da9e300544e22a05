import type { TransferKind } from '../../domain/item/postings.js';

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
