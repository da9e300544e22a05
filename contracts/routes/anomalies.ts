import * as anomalies from '../anomalies.js';
import { type RouteShape, read } from '../route-shape.js';

/** What a workspace wants to know of requests that are refused (docs/keys.md). */
export const ANOMALY_ROUTES = {
  show_anomaly_rules: read({
    path: '/v1/workspace/anomaly-rules',
    summary: 'At how many refused requests somebody is told, and a key suspended',
    permission: 'keys.manage',
    out: anomalies.anomalyRules,
    problems: [],
  }),
  set_anomaly_rule: {
    method: 'POST',
    path: '/v1/workspace/anomaly-rules',
    summary: 'Set the thresholds of one kind of refused requests, with a second factor',
    permission: 'keys.manage',
    rateClass: 'code',
    planClass: 'any',
    idempotency: 'optional',
    body: anomalies.setAnomalyRule,
    example: { kind: 'key_outside_networks', alert_at: 1, suspend_at: 10, code: '123456' },
    out: { status: 200, body: anomalies.anomalyRules },
    problems: ['code_wrong', 'otp_step_used', 'factor_locked', 'factor_missing'],
  },
} as const satisfies Record<string, RouteShape>;
