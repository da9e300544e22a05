import { z } from 'zod';
import { PERMISSIONS, type Permission } from '../domain/permissions.js';
import { line, page, timestamp, wireId } from './wire.js';

export const listPeople = z.strictObject({ ...page, email: line(254).optional() });

/** A member of the workspace. One who is not active may do nothing in it any more. */
export const person = z
  .object({
    object: z.literal('person'),
    id: wireId,
    name: z.string(),
    email: z.string(),
    roles: z.array(z.string()),
    active: z.boolean(),
    /** Whether a link of a letter has proven that the person reads what is sent to the address. */
    email_verified: z.boolean(),
  })
  .meta({ id: 'Person' });

const ROLE_NAME = /^[a-z][a-z0-9_-]{1,39}$/;

/** The name of a role: one that every workspace has, or that this one defines. */
export const roleName = z
  .string()
  .regex(ROLE_NAME, 'a small letter, then 1 to 39 small letters, digits, _ or -')
  .meta({ examples: ['approver'] });

/** All roles that the member is to have from now on. */
export const setRoles = z.strictObject({ roles: z.array(roleName).min(1).max(20) });

const permissions = z
  .array(z.enum(PERMISSIONS as [Permission, ...Permission[]]))
  .min(1)
  .max(PERMISSIONS.length);

export const defineRole = z.strictObject({ name: roleName, permissions });

/** All that the role is to allow from now on. `row_version` is that of the role that was read: when another one is current, nothing changes. */
export const editRole = z.strictObject({ permissions, row_version: z.int().min(1).optional() });

export const role = z
  .object({
    object: z.literal('role'),
    name: z.string(),
    /** `sluice`: every workspace has it, and nobody changes it. */
    defined_by: z.enum(['sluice', 'workspace']),
    meaning: z.string().nullable(),
    permissions: z.array(z.string()),
    /** Active members who have it. */
    members: z.int(),
    row_version: z.int().nullable(),
    created_at: timestamp.nullable(),
  })
  .meta({ id: 'Role' });
