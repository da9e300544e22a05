import { z } from 'zod';
import * as ledger from '../ledger.js';
import { list, type RouteShape } from '../route-shape.js';
import { id } from '../wire.js';

/** Accounts and their transfers. */
export const LEDGER_ROUTES = {
  list_accounts: list({
    path: '/v1/accounts',
    summary: 'Accounts and balances',
    permission: 'ledger.read',
    query: ledger.listAccounts,
    cursor: 'account',
    of: ledger.account,
  }),
  create_account: {
    method: 'POST',
    path: '/v1/accounts',
    summary: 'Make a funding account; batches that name none are paid from the first in their currency',
    permission: 'ledger.accounts',
    rateClass: 'write',
    planClass: 'any',
    idempotency: 'required',
    body: ledger.createAccount,
    example: { kind: 'funding', name: 'Payouts of the shop', currency: 'EUR' },
    out: { status: 201, body: ledger.account },
    problems: [],
  },
  list_transfers: list({
    path: '/v1/transfers',
    summary: 'Ledger transfers',
    permission: 'ledger.read',
    query: ledger.listTransfers,
    cursor: 'transfer',
    of: ledger.transfer,
  }),
  top_up: {
    method: 'POST',
    path: '/v1/funding-accounts/:account_id/top-ups',
    summary: 'Put sandbox money into a funding account',
    permission: 'ledger.top_up',
    rateClass: 'money',
    planClass: 'any',
    idempotency: 'required',
    params: z.strictObject({ account_id: id('account') }),
    body: ledger.topUp,
    example: { amount: 100_000_00 },
    out: { status: 201, body: ledger.account },
    problems: ['not_found', 'not_on_live'],
  },
} as const satisfies Record<string, RouteShape>;
