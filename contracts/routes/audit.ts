import { z } from 'zod';
import * as audit from '../audit.js';
import type { RouteShape } from '../route-shape.js';
import { listOf } from '../wire.js';

/** The log and its proofs. */
export const AUDIT_ROUTES = {
  list_audit_events: {
    method: 'GET',
    path: '/v1/audit/events',
    summary: 'Audit events',
    permission: 'audit.read',
    rateClass: 'read',
    query: audit.listEvents,
    out: { status: 200, body: listOf(audit.auditEvent) },
    problems: [],
  },
  export_audit: {
    method: 'GET',
    path: '/v1/audit/export',
    summary: 'The whole audit log as JSON lines',
    permission: 'audit.read',
    rateClass: 'read',
    format: 'lines',
    out: { status: 200, body: z.unknown() },
    problems: [],
  },
  show_checkpoint: {
    method: 'GET',
    path: '/v1/audit/checkpoint',
    summary: 'The latest signed checkpoint',
    permission: 'audit.read',
    rateClass: 'read',
    out: { status: 200, body: audit.checkpoint },
    problems: ['not_found'],
  },
  prove_inclusion: {
    method: 'GET',
    path: '/v1/audit/inclusion',
    summary: 'Proof that an event is in the log',
    permission: 'audit.read',
    rateClass: 'read',
    query: audit.proveInclusion,
    out: { status: 200, body: audit.inclusionProof },
    problems: ['not_found'],
  },
  prove_consistency: {
    method: 'GET',
    path: '/v1/audit/consistency',
    summary: 'Proof that the log only grew',
    permission: 'audit.read',
    rateClass: 'read',
    query: audit.proveConsistency,
    out: { status: 200, body: audit.consistencyProof },
    problems: ['not_found'],
  },
} as const satisfies Record<string, RouteShape>;
