import { z } from 'zod';
import * as audit from '../audit.js';
import { list, type RouteShape, read } from '../route-shape.js';

/** The audit log and its proofs. */
export const AUDIT_ROUTES = {
  list_audit_events: list({
    path: '/v1/audit/events',
    summary: 'Audit events',
    permission: 'audit.read',
    query: audit.listEvents,
    cursor: 'event',
    of: audit.auditEvent,
  }),
  export_audit: read({
    path: '/v1/audit/export',
    summary: 'The whole audit log as JSON lines',
    permission: 'audit.read',
    format: 'lines',
    out: z.unknown(),
    problems: [],
  }),
  show_checkpoint: read({
    path: '/v1/audit/checkpoint',
    summary: 'The latest signed checkpoint',
    permission: 'audit.read',
    out: audit.checkpoint,
    problems: ['not_found'],
  }),
  prove_inclusion: read({
    path: '/v1/audit/inclusion',
    summary: 'Proof that an event is in the log',
    permission: 'audit.read',
    query: audit.proveInclusion,
    out: audit.inclusionProof,
    problems: ['not_found'],
  }),
  prove_consistency: read({
    path: '/v1/audit/consistency',
    summary: 'Proof that the log only grew',
    permission: 'audit.read',
    query: audit.proveConsistency,
    out: audit.consistencyProof,
    problems: ['not_found'],
  }),
} as const satisfies Record<string, RouteShape>;
