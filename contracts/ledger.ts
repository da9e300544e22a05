import { z } from 'zod';
import { ACCOUNT_KINDS, TRANSFER_KINDS } from '../domain/ledger/postings.js';
import { currency, id, minorUnits, name, page, payableCurrency, timestamp, wireId } from './wire.js';

export const listAccounts = z.strictObject({ ...page, kind: z.enum(ACCOUNT_KINDS).optional(), currency: payableCurrency.optional() });
export const listTransfers = z.strictObject({ ...page, account_id: id('account').optional(), batch_id: id('batch').optional() });

export const account = z
  .object({
    object: z.literal('account'),
    id: wireId,
    kind: z.enum(ACCOUNT_KINDS),
    name: z.string(),
    currency,
    balance: minorUnits,
    created_at: timestamp,
  })
  .meta({ id: 'Account' });

export const transfer = z
  .object({
    object: z.literal('transfer'),
    id: wireId,
    debit_account_id: wireId,
    credit_account_id: wireId,
    amount: minorUnits,
    currency,
    kind: z.enum(TRANSFER_KINDS),
    batch_id: wireId.nullable(),
    item_id: wireId.nullable(),
    event_id: wireId,
    created_at: timestamp,
  })
  .meta({ id: 'Transfer' });

/** Money that batches are paid from comes into such an account. */
export const createAccount = z.strictObject({
  kind: z.literal('funding'),
  /** What people call it; once in a currency. */
  name: name(100),
  currency: payableCurrency,
});

export const topUp = z.strictObject({ amount: z.number().int().positive().max(Number.MAX_SAFE_INTEGER) });
