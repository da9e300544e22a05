import { z } from 'zod';
import { password } from './access.js';
import { person, roleName } from './people.js';
import { anyCode, email, line, name, timestamp, wireId } from './wire.js';

/** The token of a letter; whole links are taken apart by who reads them. Marked secret: left out of what is kept about a request. */
const token = line(200).meta({ secret: true });

export const createInvitation = z.strictObject({ email, name: name(100), roles: z.array(roleName).min(1).max(20) });

/** An open invitation. Its token is in the letter alone. */
export const invitation = z
  .object({
    object: z.literal('invitation'),
    id: wireId,
    email: z.string(),
    name: z.string(),
    roles: z.array(z.string()),
    /** `person_id` is null where an operator of the platform invited the first owner. */
    invited_by: z.object({ person_id: wireId.nullable(), name: z.string() }),
    created_at: timestamp,
    expires_at: timestamp,
    revoked_at: timestamp.nullable(),
  })
  .meta({ id: 'Invitation' });

export const acceptInvitation = z.strictObject({
  token,
  /** Of somebody new: the one that they choose. Where the address has an account already: that of the account. */
  password,
  /** Of somebody new, in place of the name in the invitation. */
  name: name(100).optional(),
  /** Where the address has an account already that has a second factor. */
  code: anyCode.optional(),
});

export const acceptedInvitation = z
  .object({
    object: z.literal('accepted_invitation'),
    workspace: z.object({ id: wireId, name: z.string(), mode: z.enum(['live', 'test']) }),
    person,
    /** Whether the person was made by it. */
    new_account: z.boolean(),
  })
  .meta({ id: 'AcceptedInvitation' });

export const askPasswordReset = z.strictObject({ email });

/** The same for every address. */
export const passwordReset = z
  .object({
    object: z.literal('password_reset'),
    /** How long the link of the letter is good for, if there is an account. */
    link_hours: z.int(),
  })
  .meta({ id: 'PasswordReset' });

export const completePasswordReset = z.strictObject({ token, new_password: password });

export const completedPasswordReset = z
  .object({ object: z.literal('completed_password_reset'), reset_at: timestamp, ended_sessions: z.int().min(0) })
  .meta({ id: 'CompletedPasswordReset' });

export const emailVerification = z
  .object({ object: z.literal('email_verification'), email: z.string(), link_hours: z.int() })
  .meta({ id: 'EmailVerification' });

export const completeEmailVerification = z.strictObject({ token });

export const completedEmailVerification = z
  .object({ object: z.literal('completed_email_verification'), email: z.string(), verified_at: timestamp })
  .meta({ id: 'CompletedEmailVerification' });
