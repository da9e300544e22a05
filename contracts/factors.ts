import { z } from 'zod';
import { FACTOR_KINDS } from '../domain/second-factor.js';
import { password } from './access.js';
import { anyCode, code, name, timestamp, wireId } from './wire.js';

export const enrolFactor = z.strictObject({
  /** For its owner, such as the device that it is on. */
  name: name(60),
  /** The present one: of people who have no second factor. */
  password: password.optional(),
  /** Of a second factor, or a recovery code: of people who have one. */
  code: anyCode.optional(),
});

export const confirmFactor = z.strictObject({ code });
export const removeFactor = z.strictObject({ code: anyCode });
export const renewRecoveryCodes = z.strictObject({ code });
export const factorResetCode = z.strictObject({ code });

export const factor = z
  .object({
    object: z.literal('factor'),
    id: wireId,
    kind: z.enum(FACTOR_KINDS),
    name: z.string(),
    /** `pending`: it waits to be confirmed, and is worth nothing. */
    state: z.enum(['pending', 'active', 'removed']),
    created_at: timestamp,
    confirmed_at: timestamp.nullable(),
    /** From then on it opens gates and confirms. */
    decides_from: timestamp.nullable(),
    /** Of a code: to its half minute. */
    last_used_at: timestamp.nullable(),
    /** Base32. Shown once, at enrolment. */
    secret: z.string().optional(),
    /** The same for authenticator apps, as a QR code. Shown once, at enrolment. */
    otpauth_uri: z.string().optional(),
    /** Shown once, when the first factor is confirmed. */
    recovery_codes: z.array(z.string()).optional(),
  })
  .meta({ id: 'Factor' });

/** All of them: nobody has more than a page. */
export const factorList = z.object({
  object: z.literal('list'),
  data: z.array(factor),
  has_more: z.boolean(),
  next_cursor: z.string().nullable(),
  recovery_codes_left: z.number().int().min(0),
});

export const recoveryCodes = z
  .object({
    object: z.literal('recovery_codes'),
    /** Shown once. Each stands in for a code once: to sign in, and to add or remove a factor. */
    recovery_codes: z.array(z.string()),
    created_at: timestamp,
  })
  .meta({ id: 'RecoveryCodes' });

export const factorReset = z
  .object({
    object: z.literal('factor_reset'),
    id: wireId,
    /** Whose factors. */
    person_id: wireId,
    state: z.enum(['proposed', 'done']),
    proposed_by: wireId,
    confirmed_by: wireId.nullable(),
    /** Until then somebody may confirm it. */
    expires_at: timestamp,
    ended_sessions: z.number().int().min(0).nullable(),
  })
  .meta({ id: 'FactorReset' });
