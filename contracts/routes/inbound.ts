import { z } from 'zod';
import type { RouteShape } from '../route-shape.js';
import { id, line } from '../wire.js';

/** Webhooks of providers. */
export const INBOUND_ROUTES = {
  receive_inbound: {
    method: 'POST',
    path: '/v1/inbound/:rail/:connection_id',
    summary: "A provider's webhook",
    permission: 'signed',
    rateClass: 'inbound',
    planClass: 'none',
    // Kept as it came. It is reduced after recovery.
    inRecovery: 'works',
    format: 'raw',
    params: z.strictObject({ rail: line(32), connection_id: id('connection') }),
    out: { status: 202, body: z.object({ object: z.literal('inbound_receipt'), duplicate: z.boolean() }) },
    problems: ['not_found', 'signature_invalid', 'verification_unavailable', 'payload_too_large'],
  },
} as const satisfies Record<string, RouteShape>;
