import { z } from 'zod';
import * as factors from '../factors.js';
import * as passkeys from '../passkeys.js';
import { type RouteShape, read } from '../route-shape.js';
import { id } from '../wire.js';

const which = z.strictObject({ factor_id: id('factor') });
const whose = z.strictObject({ person_id: id('person') });
const CODE = { code: '123456' };
const CREDENTIAL = { id: 'AQIDBA', rawId: 'AQIDBA', type: 'public-key', clientExtensionResults: {} };

/** Problems of a code of a person's own factor. */
const OF_A_CODE = ['code_wrong', 'otp_step_used', 'factor_locked', 'factor_missing'] as const;

/** Second factors of people. `reset`, `passkeys` and `recovery-codes` stand before the ids of factors, because the first path that fits is taken. */
export const FACTOR_ROUTES = {
  list_factors: read({
    path: '/v1/factors',
    summary: 'List your second factors, and how many recovery codes are left',
    permission: 'sessions.own',
    out: factors.factorList,
    problems: [],
  }),
  enrol_factor: {
    method: 'POST',
    path: '/v1/factors',
    summary: 'Begin with a new second factor; its secret is shown once, and it counts once it is confirmed',
    permission: 'sessions.own',
    rateClass: 'code',
    idempotency: 'optional',
    returnsSecret: true,
    body: factors.enrolFactor,
    example: { name: 'phone', code: '123456' },
    out: { status: 201, body: factors.factor },
    problems: [...OF_A_CODE, 'password_wrong', 'passwords_busy', 'too_many_factors', 'factor_added'],
  },
  enrol_passkey: {
    method: 'POST',
    path: '/v1/factors/passkeys',
    summary: 'Begin with a passkey: the answer is what navigator.credentials.create takes',
    permission: 'sessions.own',
    rateClass: 'code',
    idempotency: 'optional',
    body: passkeys.enrolPasskey,
    example: { name: 'laptop', code: '123456' },
    out: { status: 201, body: passkeys.passkeyEnrolment },
    problems: [...OF_A_CODE, 'password_wrong', 'passwords_busy', 'too_many_factors', 'factor_added', 'passkeys_unavailable'],
  },
  renew_recovery_codes: {
    method: 'POST',
    path: '/v1/factors/recovery-codes',
    summary: 'Make ten recovery codes in the place of the old ones; they are shown once',
    permission: 'sessions.own',
    rateClass: 'code',
    idempotency: 'optional',
    returnsSecret: true,
    body: factors.renewRecoveryCodes,
    example: CODE,
    out: { status: 201, body: factors.recoveryCodes },
    problems: [...OF_A_CODE, 'factor_resting'],
  },
  ask_factor_reset: {
    method: 'POST',
    path: '/v1/factors/reset',
    summary: 'Ask that all your second factors are taken away; somebody who may manage people confirms it',
    permission: 'sessions.own',
    rateClass: 'code',
    idempotency: 'optional',
    body: factors.factorResetCode,
    example: CODE,
    out: { status: 201, body: factors.factorReset },
    problems: OF_A_CODE,
  },
  confirm_factor: {
    method: 'POST',
    path: '/v1/factors/:factor_id/confirm',
    summary: 'Make a second factor count, by a code of it; with the first one, ten recovery codes are shown once',
    permission: 'sessions.own',
    rateClass: 'code',
    idempotency: 'optional',
    returnsSecret: true,
    params: which,
    body: factors.confirmFactor,
    example: CODE,
    out: { status: 200, body: factors.factor },
    problems: ['not_found', 'code_wrong', 'too_many_factors'],
  },
  confirm_passkey: {
    method: 'POST',
    path: '/v1/factors/:factor_id/passkey',
    summary: 'Make a passkey count, by what navigator.credentials.create answered; with the first factor, ten recovery codes are shown once',
    permission: 'sessions.own',
    rateClass: 'code',
    idempotency: 'optional',
    returnsSecret: true,
    params: which,
    body: passkeys.confirmPasskey,
    example: {
      credential: { ...CREDENTIAL, response: { clientDataJSON: 'eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0', attestationObject: 'o2NmbXRkbm9uZQ' } },
    },
    out: { status: 200, body: factors.factor },
    problems: ['not_found', 'passkey_wrong', 'too_many_factors', 'passkeys_unavailable'],
  },
  remove_factor: {
    method: 'POST',
    path: '/v1/factors/:factor_id/remove',
    summary: 'Remove a second factor that is not the last one, by a code of another or a recovery code',
    permission: 'sessions.own',
    rateClass: 'code',
    idempotency: 'optional',
    params: which,
    body: factors.removeFactor,
    example: CODE,
    out: { status: 200, body: factors.factor },
    problems: ['not_found', 'last_factor', 'factor_resting', ...OF_A_CODE],
  },
  propose_factor_reset: {
    method: 'POST',
    path: '/v1/people/:person_id/factor-reset',
    summary: 'Ask that all second factors of a member are taken away; a second person confirms it',
    permission: 'people.manage',
    rateClass: 'code',
    idempotency: 'optional',
    params: whose,
    body: factors.factorResetCode,
    example: CODE,
    out: { status: 201, body: factors.factorReset },
    problems: ['not_found', 'beyond_own_permissions', 'factor_resting', ...OF_A_CODE],
  },
  confirm_factor_reset: {
    method: 'POST',
    path: '/v1/people/:person_id/factor-reset/confirm',
    summary: 'Confirm it as the second person: the factors are gone, and all sessions of the member end',
    permission: 'people.manage',
    rateClass: 'code',
    idempotency: 'optional',
    params: whose,
    body: factors.factorResetCode,
    example: CODE,
    out: { status: 200, body: factors.factorReset },
    problems: ['not_found', 'beyond_own_permissions', 'reset_same_person', 'factor_resting', ...OF_A_CODE],
  },
} as const satisfies Record<string, RouteShape>;
