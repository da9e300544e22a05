import type { ProblemCode } from '../domain/problems.js';
import type { RouteShape } from './route-shape.js';
import { ACCESS_ROUTES } from './routes/access.js';
import { ANOMALY_ROUTES } from './routes/anomalies.js';
import { AUDIT_ROUTES } from './routes/audit.js';
import { BATCH_ROUTES } from './routes/batches.js';
import { EVIDENCE_ROUTES } from './routes/evidence.js';
import { EXCEPTION_ROUTES } from './routes/exceptions.js';
import { FACTOR_ROUTES } from './routes/factors.js';
import { GATE_ROUTES } from './routes/gates.js';
import { INBOUND_ROUTES } from './routes/inbound.js';
import { LEDGER_ROUTES } from './routes/ledger.js';
import { LINK_ROUTES } from './routes/links.js';
import { PAYEE_ROUTES } from './routes/payees.js';
import { PEOPLE_ROUTES } from './routes/people.js';
import { SIGNING_ROUTES } from './routes/signing.js';
import { STOP_ROUTES } from './routes/stops.js';
import { TENANT_ROUTES } from './routes/tenants.js';

/** Every route of the API. Each id is bound to one operation in `api/routes/`; a route that is not bound does not compile. */
export const ROUTES = {
  ...ACCESS_ROUTES,
  ...FACTOR_ROUTES,
  ...SIGNING_ROUTES,
  ...ANOMALY_ROUTES,
  ...PAYEE_ROUTES,
  ...BATCH_ROUTES,
  ...GATE_ROUTES,
  ...LEDGER_ROUTES,
  ...AUDIT_ROUTES,
  ...INBOUND_ROUTES,
  ...EXCEPTION_ROUTES,
  ...EVIDENCE_ROUTES,
  ...PEOPLE_ROUTES,
  ...LINK_ROUTES,
  ...STOP_ROUTES,
  ...TENANT_ROUTES,
} as const satisfies Record<string, RouteShape>;
export type RouteId = keyof typeof ROUTES;

/** Problems that every route with a body may answer with besides its own. */
export const BODY_PROBLEMS = ['payload_too_large', 'unsupported_media_type'] as const satisfies readonly ProblemCode[];

/** Problems that every route may answer with besides its own. */
export const COMMON_PROBLEMS = [
  'https_required',
  'malformed_request',
  'malformed_json',
  'invalid_request',
  'unauthenticated',
  'session_expired',
  'forbidden',
  'network_not_allowed',
  'key_suspended',
  'plan_required',
  'membership_not_authentic',
  'workspace_mismatch',
  'workspace_frozen',
  'signature_invalid',
  'idempotency_key_missing',
  'idempotency_key_reused',
  'idempotency_in_flight',
  'secret_not_replayable',
  'rate_limited',
  'not_ready',
  'recovery_mode',
  'internal',
] as const satisfies readonly ProblemCode[];
