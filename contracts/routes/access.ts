import { z } from 'zod';
import * as access from '../access.js';
import { list, type RouteShape, read } from '../route-shape.js';
import { id, page } from '../wire.js';

/** Sessions and API keys. */
export const ACCESS_ROUTES = {
  create_session: {
    method: 'POST',
    path: '/v1/sessions',
    summary: 'Sign in',
    permission: 'public',
    rateClass: 'sign_in',
    inRecovery: 'works',
    idempotency: 'optional',
    returnsSecret: true,
    body: access.createSession,
    example: { email: 'approver@sluice.example', password: 'the password of this person', code: '123456' },
    out: { status: 201, body: access.session },
    problems: ['invalid_credentials', 'otp_step_used', 'factor_locked'],
  },
  show_session: read({
    path: '/v1/sessions/current',
    summary: 'Who am I',
    permission: 'sessions.own',
    out: access.session,
    problems: [],
  }),
  end_session: {
    method: 'DELETE',
    path: '/v1/sessions/current',
    summary: 'Sign out',
    permission: 'sessions.own',
    rateClass: 'write',
    inRecovery: 'works',
    out: { status: 200, body: access.session },
    problems: [],
  },
  create_api_key: {
    method: 'POST',
    path: '/v1/api-keys',
    summary: 'Make an API key; its secret is shown once',
    permission: 'keys.manage',
    rateClass: 'write',
    idempotency: 'optional',
    returnsSecret: true,
    body: access.createApiKey,
    example: { name: 'payout service', scopes: ['batches.create', 'batches.read'] },
    out: { status: 201, body: access.apiKey },
    problems: [],
  },
  list_api_keys: list({
    path: '/v1/api-keys',
    summary: 'List API keys',
    permission: 'keys.manage',
    query: z.strictObject(page),
    cursor: 'apiKey',
    of: access.apiKey,
  }),
  revoke_api_key: {
    method: 'DELETE',
    path: '/v1/api-keys/:key_id',
    summary: 'Revoke an API key at once',
    permission: 'keys.manage',
    rateClass: 'write',
    params: z.strictObject({ key_id: id('apiKey') }),
    out: { status: 200, body: access.apiKey },
    problems: ['not_found'],
  },
} as const satisfies Record<string, RouteShape>;
