import { z } from 'zod';
import { type RouteShape, read } from '../route-shape.js';
import * as signing from '../signing.js';
import { id, listOf } from '../wire.js';

const ofKey = z.strictObject({ key_id: id('apiKey') });

/** Keys that sign calls of API keys, and whether a workspace asks for signatures (docs/signing.md). */
export const SIGNING_ROUTES = {
  create_signing_key: {
    method: 'POST',
    path: '/v1/api-keys/:key_id/signing-keys',
    summary: 'Make a key that signs the calls of your own API key, with a second factor; a secret is shown once',
    permission: 'keys.manage',
    rateClass: 'code',
    planClass: 'any',
    idempotency: 'optional',
    returnsSecret: true,
    params: ofKey,
    body: signing.createSigningKey,
    example: { algorithm: 'hmac-sha256', code: '123456' },
    out: { status: 201, body: signing.signingKey },
    problems: ['not_found', 'code_wrong', 'otp_step_used', 'factor_locked', 'factor_missing'],
  },
  list_signing_keys: read({
    path: '/v1/api-keys/:key_id/signing-keys',
    summary: 'List the signing keys of an API key',
    permission: 'keys.manage',
    params: ofKey,
    out: listOf(signing.signingKey),
    problems: ['not_found'],
  }),
  revoke_signing_key: {
    method: 'DELETE',
    path: '/v1/api-keys/:key_id/signing-keys/:signing_key_id',
    summary: 'Revoke a signing key at once',
    permission: 'keys.manage',
    rateClass: 'write',
    planClass: 'any',
    params: ofKey.extend({ signing_key_id: id('signingKey') }),
    out: { status: 200, body: signing.signingKey },
    problems: ['not_found'],
  },
  show_signing: read({
    path: '/v1/workspace/signing',
    summary: 'Whether machine calls have to be signed here',
    permission: 'keys.manage',
    out: signing.signing,
    problems: [],
  }),
  require_signing: {
    method: 'POST',
    path: '/v1/workspace/signing/require',
    summary: 'Machine calls that change something have to be signed from now on',
    permission: 'keys.manage',
    rateClass: 'write',
    planClass: 'any',
    idempotency: 'optional',
    out: { status: 200, body: signing.signing },
    problems: [],
  },
  allow_unsigned: {
    method: 'POST',
    path: '/v1/workspace/signing/allow-unsigned',
    summary: 'Machine calls need no signature any more; in a test workspace alone',
    permission: 'keys.manage',
    rateClass: 'write',
    planClass: 'any',
    idempotency: 'optional',
    out: { status: 200, body: signing.signing },
    problems: ['not_on_live'],
  },
} as const satisfies Record<string, RouteShape>;
