import { z } from 'zod';
import { withReason } from '../batches.js';
import * as evidence from '../evidence.js';
import { list, type RouteShape } from '../route-shape.js';
import { id } from '../wire.js';

/** What providers said that could not be used, and what people do with it. */
export const EVIDENCE_ROUTES = {
  list_parked_evidence: list({
    path: '/v1/parked-evidence',
    summary: 'List evidence that fits nothing yet',
    permission: 'exceptions.read',
    query: evidence.listParkedEvidence,
    cursor: 'parkedEvidence',
    of: evidence.parkedEvidence,
  }),
  discard_parked_evidence: {
    method: 'POST',
    path: '/v1/parked-evidence/:parked_evidence_id/discard',
    summary: 'Stop waiting for an item that the evidence fits',
    permission: 'evidence.handle',
    rateClass: 'write',
    planClass: 'any',
    idempotency: 'required',
    params: z.strictObject({ parked_evidence_id: id('parkedEvidence') }),
    body: withReason,
    example: { reason: 'The provider reported a payment of another customer.' },
    out: { status: 200, body: evidence.parkedEvidence },
    problems: ['not_found'],
  },
  list_deliveries: list({
    path: '/v1/deliveries',
    summary: 'List deliveries that cannot be read',
    permission: 'exceptions.read',
    query: evidence.listDeliveries,
    cursor: 'delivery',
    of: evidence.delivery,
  }),
  discard_delivery: {
    method: 'POST',
    path: '/v1/deliveries/:delivery_id/discard',
    summary: 'Stop trying to read a delivery',
    permission: 'evidence.handle',
    rateClass: 'write',
    planClass: 'any',
    idempotency: 'required',
    params: z.strictObject({ delivery_id: id('delivery') }),
    body: withReason,
    example: { reason: 'A test event of the provider without a payment.' },
    out: { status: 200, body: evidence.delivery },
    problems: ['not_found'],
  },
  replay_deliveries: {
    method: 'POST',
    path: '/v1/connections/:connection_id/replay',
    summary: 'Reduce stored deliveries of a rail connection once more',
    permission: 'evidence.handle',
    rateClass: 'write',
    planClass: 'any',
    idempotency: 'required',
    params: z.strictObject({ connection_id: id('connection') }),
    body: evidence.replay,
    example: { since: '2026-11-01T00:00:00Z' },
    out: { status: 202, body: evidence.replayed },
    problems: ['not_found'],
  },
} as const satisfies Record<string, RouteShape>;
