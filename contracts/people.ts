import { z } from 'zod';
import { roles } from './access.js';
import { line, page, wireId } from './wire.js';

export const listPeople = z.strictObject({ ...page, email: line(254).optional() });

/** A member of the workspace. One who is not active may do nothing in it any more. */
export const person = z
  .object({ object: z.literal('person'), id: wireId, name: z.string(), email: z.string(), role: z.enum(roles), active: z.boolean() })
  .meta({ id: 'Person' });
