import { z } from 'zod';
import * as batches from '../batches.js';
import { list, type RouteShape, read } from '../route-shape.js';
import { id, listOf } from '../wire.js';

const batchParams = z.strictObject({ batch_id: id('batch') });

/** Making, reading and changing batches. */
export const BATCH_ROUTES = {
  create_payout_batch: {
    method: 'POST',
    path: '/v1/payout-batches',
    summary: 'Create a payout batch from JSON or CSV',
    permission: 'batches.create',
    rateClass: 'money',
    planClass: 'batches',
    idempotency: 'required',
    query: batches.validateOnly,
    csvQuery: batches.createBatchCsv,
    body: batches.createBatch,
    example: {
      currency: 'EUR',
      rail: 'sandbox',
      external_id: 'june-2026',
      items: [
        {
          payee: { reference: 'creator-1042', name: 'Ada Example', country: 'DE', iban: 'DE89370400440532013000' },
          amount: 125_00,
          reference: 'June 2026',
        },
      ],
    },
    out: { status: 202, body: z.union([batches.batch, batches.validation]) },
    problems: [
      'invalid_request',
      'invalid_csv',
      'duplicate_items',
      'repeated_file',
      'repeated_payments',
      'external_id_taken',
      'plan_limit',
      'payload_too_large',
      'unsupported_media_type',
    ],
  },
  list_payout_batches: list({
    path: '/v1/payout-batches',
    summary: 'List batches',
    permission: 'batches.read',
    query: batches.listBatches,
    cursor: 'batch',
    of: batches.batch,
  }),
  show_payout_batch: read({
    path: '/v1/payout-batches/:batch_id',
    summary: 'One batch',
    permission: 'batches.read',
    params: batchParams,
    out: batches.batch,
    problems: ['not_found'],
  }),
  edit_payout_batch: {
    method: 'PATCH',
    path: '/v1/payout-batches/:batch_id',
    summary: 'Exclude items; voids open gates',
    permission: 'batches.edit',
    rateClass: 'money',
    planClass: 'any',
    params: batchParams,
    body: batches.editBatch,
    example: { exclude: ['item_0198c2aa7c1e7b3d9f10a4c2e6b80d1100000003'] },
    out: { status: 200, body: batches.batch },
    problems: ['not_found', 'wrong_state', 'batch_changed', 'batch_empty'],
  },
  list_payout_items: read({
    path: '/v1/payout-batches/:batch_id/items',
    summary: 'Items of a batch',
    permission: 'batches.read',
    params: batchParams,
    query: batches.listItems,
    cursor: 'item',
    out: listOf(batches.item),
    problems: ['not_found'],
  }),
  stream_payout_batch_events: read({
    path: '/v1/payout-batches/:batch_id/events',
    summary: 'Server-sent events of a batch; resume with Last-Event-ID',
    permission: 'batches.read',
    format: 'events',
    params: batchParams,
    out: z.unknown(),
    problems: ['not_found'],
  }),
  show_evidence: read({
    path: '/v1/payout-batches/:batch_id/evidence',
    summary: 'Everything that proves a batch; with `reveal`, names and account numbers too',
    permission: 'audit.read',
    params: batchParams,
    query: batches.showEvidence,
    out: batches.proof,
    problems: ['not_found', 'payload_too_large'],
  }),
} as const satisfies Record<string, RouteShape>;
