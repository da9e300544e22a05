import { z } from 'zod';
import { GRACE_SECONDS_MAX, KEY_STATES } from '../domain/api-key.js';
import { PASSWORD_MAX, passwordLength } from '../domain/password.js';
import { KEY_SCOPES, type Permission } from '../domain/permissions.js';
import { anyCode, code, id, name, network, time, timestamp, wireId } from './wire.js';

/**
 * Any characters but halves of surrogate pairs, which have no form in UTF-8; up to the longest password in its one form. Typed with combining
 * characters, one of them may be several UTF-16 units.
 */
export const password = z
  .string()
  .min(1)
  .max(4 * PASSWORD_MAX)
  .refine((text) => !/\p{Cs}/u.test(text), 'broken Unicode')
  .refine((text) => passwordLength(text) <= PASSWORD_MAX, `at most ${PASSWORD_MAX} characters`)
  .meta({ secret: true, maxLength: PASSWORD_MAX });

export const createSession = z.strictObject({
  email: z.email().max(254),
  password,
  /** Of a second factor, or a recovery code. Left out by people who have no second factor; some of their permissions sleep then. */
  code: anyCode.optional(),
  /** For people who belong to several workspaces. Default: the test workspace. */
  workspace_id: id('workspace').optional(),
});

export const session = z
  .object({
    object: z.literal('session'),
    id: wireId,
    workspace: z.object({ id: wireId, name: z.string(), mode: z.enum(['live', 'test']) }),
    person: z.object({ id: wireId, name: z.string(), email: z.string(), roles: z.array(z.string()) }),
    expires_at: timestamp,
    /** What the person's roles allow and this session does not, because it was opened without a second factor. */
    sleeping_permissions: z.array(z.string()),
    /** What to do about that. */
    advice: z.string().nullable(),
    /** Shown once, at creation. */
    token: z.string().optional(),
  })
  .meta({ id: 'Session' });

/** A place where the caller is signed in. */
export const listedSession = z
  .object({
    object: z.literal('session'),
    id: wireId,
    workspace_id: wireId,
    /** The one that asks. */
    current: z.boolean(),
    /** The program that it was opened with, as it names itself. */
    device: z.string().nullable(),
    /** The network that it was opened from: an IPv4 /24 or an IPv6 /48. */
    network: z.string().nullable(),
    created_at: timestamp,
    /** To the minute. */
    last_used_at: timestamp.nullable(),
    expires_at: timestamp,
  })
  .meta({ id: 'ListedSession' });

export const endedSessions = z.object({ object: z.literal('ended_sessions'), ended: z.array(wireId) }).meta({ id: 'EndedSessions' });
export const changePassword = z.strictObject({
  /** The present one. */
  password,
  /** Whether it will do is decided behind the contract, which knows nothing of the person. */
  new_password: password,
  code,
});

export const passwordChange = z
  .object({
    object: z.literal('password_change'),
    changed_at: timestamp,
    /** Sessions of the person that ended with the old password. The one that changed it goes on. */
    ended_sessions: z.number().int().min(0),
  })
  .meta({ id: 'PasswordChange' });

const scope = z.enum(KEY_SCOPES as [Permission, ...Permission[]]);

export const createApiKey = z.strictObject({
  name: name(100),
  scopes: z.array(scope).min(1),
  expires_at: time.optional(),
  /** Where the key may be used from. Without it: from everywhere. */
  allowed_networks: z.array(network).min(1).max(50).optional(),
  code,
});

export const rotateApiKey = z.strictObject({
  /** How long the old secret goes on, up to a day. Default: it ends at once. */
  grace_seconds: z.number().int().min(0).max(GRACE_SECONDS_MAX).default(0),
  code,
});

export const resumeApiKey = z.strictObject({ code });

export const apiKey = z
  .object({
    object: z.literal('api_key'),
    id: wireId,
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.string()),
    owner_person_id: wireId,
    /** Networks that it may be used from; none: it may be used from everywhere. */
    allowed_networks: z.array(z.string()),
    state: z.enum(KEY_STATES),
    created_at: timestamp,
    expires_at: timestamp.nullable(),
    revoked_at: timestamp.nullable(),
    /** Since when it is refused because too many of its requests were; null when it is not suspended. */
    suspended_at: timestamp.nullable(),
    rotated_at: timestamp.nullable(),
    /** The key whose place it took. */
    rotated_from: wireId.nullable(),
    /** Written once a minute at most. */
    last_used_at: timestamp.nullable(),
    /** The /24 (IPv4) or /48 (IPv6) that it was used from then. */
    last_used_from: z.string().nullable(),
    /** Shown once, at creation or rotation. */
    secret: z.string().optional(),
  })
  .meta({ id: 'ApiKey' });
