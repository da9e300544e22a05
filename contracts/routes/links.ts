import { z } from 'zod';
import * as links from '../links.js';
import { list, type RouteShape } from '../route-shape.js';
import { id, page } from '../wire.js';

const TOKEN = 'the token of the letter';

/** What letters with a one-time link are for: invitations, resets of a password, proofs of an e-mail address. */
export const LINK_ROUTES = {
  create_invitation: {
    method: 'POST',
    path: '/v1/invitations',
    summary: 'Invite somebody by e-mail; the same address again takes the place of its open invitation',
    permission: 'people.manage',
    rateClass: 'letter',
    idempotency: 'required',
    body: links.createInvitation,
    example: { email: 'nina@example.com', name: 'Nina Okafor', roles: ['auditor'] },
    out: { status: 201, body: links.invitation },
    problems: ['beyond_own_permissions', 'already_member'],
  },
  list_invitations: list({
    path: '/v1/invitations',
    summary: 'List the invitations that are open',
    permission: 'people.read',
    query: z.strictObject(page),
    cursor: 'invitation',
    of: links.invitation,
  }),
  revoke_invitation: {
    method: 'DELETE',
    path: '/v1/invitations/:invitation_id',
    summary: 'Withdraw an invitation',
    permission: 'people.manage',
    rateClass: 'write',
    params: z.strictObject({ invitation_id: id('invitation') }),
    out: { status: 200, body: links.invitation },
    problems: ['not_found'],
  },
  accept_invitation: {
    method: 'POST',
    path: '/v1/invitations/accept',
    summary: 'Accept an invitation by the token of its letter; it signs nobody in',
    permission: 'public',
    // It proves an account as a sign-in does, and hashes as much.
    rateClass: 'sign_in',
    idempotency: 'optional',
    body: links.acceptInvitation,
    example: { token: TOKEN, password: 'several words that are hard to guess' },
    out: { status: 201, body: links.acceptedInvitation },
    problems: [
      ...(['link_not_valid', 'inviter_not_permitted', 'already_member', 'account_exists', 'password_refused', 'passwords_busy'] as const),
      ...(['invalid_credentials', 'otp_step_used', 'factor_locked'] as const),
    ],
  },
  ask_password_reset: {
    method: 'POST',
    path: '/v1/password-resets',
    summary: 'Ask for a letter that resets the password of an account; the answer is the same for every address',
    permission: 'public',
    rateClass: 'reset',
    idempotency: 'optional',
    body: links.askPasswordReset,
    example: { email: 'approver@sluice.example' },
    out: { status: 202, body: links.passwordReset },
    problems: [],
  },
  complete_password_reset: {
    method: 'POST',
    path: '/v1/password-resets/complete',
    summary: 'Set a new password by the token of the letter; all sessions of the person end',
    permission: 'public',
    rateClass: 'reset',
    idempotency: 'optional',
    body: links.completePasswordReset,
    example: { token: TOKEN, new_password: 'several words that are hard to guess' },
    out: { status: 200, body: links.completedPasswordReset },
    problems: ['link_not_valid', 'password_refused', 'passwords_busy'],
  },
  ask_email_verification: {
    method: 'POST',
    path: '/v1/email-verifications',
    summary: 'Ask for a letter that proves your own e-mail address',
    permission: 'sessions.own',
    rateClass: 'letter',
    idempotency: 'optional',
    out: { status: 202, body: links.emailVerification },
    problems: [],
  },
  complete_email_verification: {
    method: 'POST',
    path: '/v1/email-verifications/complete',
    summary: 'Prove an e-mail address by the token of the letter',
    permission: 'public',
    rateClass: 'reset',
    idempotency: 'optional',
    body: links.completeEmailVerification,
    example: { token: TOKEN },
    out: { status: 200, body: links.completedEmailVerification },
    problems: ['link_not_valid'],
  },
} as const satisfies Record<string, RouteShape>;
