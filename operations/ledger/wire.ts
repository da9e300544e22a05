import type { z } from 'zod';
import type { account, transfer } from '../../contracts/ledger.js';
import { toItemId, toWireId } from '../../domain/ids.js';
import type { AccountRow } from '../stores/accounts.js';
import type { TransferRow } from '../stores/transfers.js';

export type WireAccount = z.infer<typeof account>;
export type WireTransfer = z.infer<typeof transfer>;

export const toWireAccount = (row: AccountRow): WireAccount => ({
  object: 'account',
  id: toWireId('account', row.id),
  kind: row.kind,
  name: row.name,
  currency: row.currency,
  balance: Number(row.balance),
  created_at: row.createdAt.toISOString(),
});

export const toWireTransfer = (row: TransferRow): WireTransfer => ({
  object: 'transfer',
  id: toWireId('transfer', row.id),
  debit_account_id: toWireId('account', row.debitAccountId),
  credit_account_id: toWireId('account', row.creditAccountId),
  amount: Number(row.amount),
  currency: row.currency,
  kind: row.kind,
  batch_id: row.batchId === null ? null : toWireId('batch', row.batchId),
  item_id: row.batchId === null || row.ordinal === null ? null : toItemId(row.batchId, row.ordinal),
  event_id: toWireId('event', row.eventId),
  created_at: row.createdAt.toISOString(),
});
