import { z } from 'zod';
import { withReason } from '../batches.js';
import * as payees from '../payees.js';
import { list, type RouteShape, read } from '../route-shape.js';
import { id } from '../wire.js';

/** Payees and their destinations. */
export const PAYEE_ROUTES = {
  create_payee: {
    method: 'POST',
    path: '/v1/payees',
    summary: 'Add a payee',
    permission: 'payees.write',
    rateClass: 'write',
    idempotency: 'optional',
    body: payees.createPayee,
    example: { reference: 'creator-1042', name: 'Ada Example', country: 'DE', iban: 'DE89370400440532013000' },
    out: { status: 201, body: payees.payee },
    problems: ['invalid_request'],
  },
  list_payees: list({
    path: '/v1/payees',
    summary: 'List payees',
    permission: 'payees.read',
    query: payees.listPayees,
    cursor: 'payee',
    of: payees.payee,
  }),
  show_payee: read({
    path: '/v1/payees/:payee_id',
    summary: 'One payee',
    permission: 'payees.read',
    params: z.strictObject({ payee_id: id('payee') }),
    out: payees.payee,
    problems: ['not_found'],
  }),
  add_destination: {
    method: 'POST',
    path: '/v1/payees/:payee_id/destinations',
    summary: 'Give a payee a new destination version',
    permission: 'payees.write',
    rateClass: 'write',
    idempotency: 'required',
    params: z.strictObject({ payee_id: id('payee') }),
    body: payees.addDestination,
    example: { iban: 'DE89370400440532013000' },
    out: { status: 201, body: payees.payee },
    problems: ['not_found', 'invalid_request'],
  },
  hold_payee: {
    method: 'POST',
    path: '/v1/payees/:payee_id/hold',
    summary: 'Send nothing to a payee until released',
    permission: 'payees.hold',
    rateClass: 'money',
    idempotency: 'required',
    params: z.strictObject({ payee_id: id('payee') }),
    body: withReason,
    example: { reason: 'Their account may have been taken over.' },
    out: { status: 200, body: payees.payee },
    problems: ['not_found'],
  },
  release_payee: {
    method: 'POST',
    path: '/v1/payees/:payee_id/release',
    summary: 'Let a held payee go',
    permission: 'payees.hold',
    rateClass: 'money',
    idempotency: 'required',
    params: z.strictObject({ payee_id: id('payee') }),
    body: withReason,
    example: { reason: 'They confirmed their account by phone.' },
    out: { status: 200, body: payees.payee },
    problems: ['not_found'],
  },
} as const satisfies Record<string, RouteShape>;
