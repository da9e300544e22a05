import { z } from 'zod';
import * as ledger from '../ledger.js';
import type { RouteShape } from '../route-shape.js';
import { id, listOf } from '../wire.js';

/** Accounts and their transfers. */
export const LEDGER_ROUTES = {
  list_accounts: {
    method: 'GET',
    path: '/v1/accounts',
    summary: 'Accounts and balances',
    permission: 'ledger.read',
    rateClass: 'read',
    query: ledger.listAccounts,
    out: { status: 200, body: listOf(ledger.account) },
    problems: [],
  },
  list_transfers: {
    method: 'GET',
    path: '/v1/transfers',
    summary: 'Ledger transfers',
    permission: 'ledger.read',
    rateClass: 'read',
    query: ledger.listTransfers,
    out: { status: 200, body: listOf(ledger.transfer) },
    problems: [],
  },
  top_up: {
    method: 'POST',
    path: '/v1/funding-accounts/:account_id/top-ups',
    summary: 'Put sandbox money into a funding account',
    permission: 'ledger.top_up',
    rateClass: 'money',
    idempotency: 'required',
    params: z.object({ account_id: id('account') }),
    body: ledger.topUp,
    out: { status: 201, body: ledger.account },
    problems: ['not_found', 'not_on_live'],
  },
} as const satisfies Record<string, RouteShape>;
