import { z } from 'zod';
import { KEY_SCOPES, type Permission, ROLES, type Role } from '../domain/actors.js';
import { PASSWORD_MAX, passwordLength } from '../domain/password.js';
import { code, id, name, time, timestamp, wireId } from './wire.js';

export const roles = Object.keys(ROLES) as [Role, ...Role[]];

/**
 * Any characters but halves of surrogate pairs, which have no form in UTF-8; up to the longest password in its one form. Typed with combining
 * characters, one of them may be several UTF-16 units.
 */
const password = z
  .string()
  .min(1)
  .max(4 * PASSWORD_MAX)
  .refine((text) => !/\p{Cs}/u.test(text), 'broken Unicode')
  .refine((text) => passwordLength(text) <= PASSWORD_MAX, `at most ${PASSWORD_MAX} characters`)
  .meta({ secret: true, maxLength: PASSWORD_MAX });

export const createSession = z.strictObject({
  email: z.email().max(254),
  password,
  code,
  /** For people who belong to several workspaces. Default: the test workspace. */
  workspace_id: id('workspace').optional(),
});

export const session = z
  .object({
    object: z.literal('session'),
    id: wireId,
    workspace: z.object({ id: wireId, name: z.string(), mode: z.enum(['live', 'test']) }),
    person: z.object({ id: wireId, name: z.string(), email: z.string(), role: z.enum(roles) }),
    expires_at: timestamp,
    /** Shown once, at creation. */
    token: z.string().optional(),
  })
  .meta({ id: 'Session' });

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
});

export const apiKey = z
  .object({
    object: z.literal('api_key'),
    id: wireId,
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.string()),
    owner_person_id: wireId,
    created_at: timestamp,
    expires_at: timestamp.nullable(),
    revoked_at: timestamp.nullable(),
    /** Shown once, at creation. */
    secret: z.string().optional(),
  })
  .meta({ id: 'ApiKey' });
