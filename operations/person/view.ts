import type { z } from 'zod';
import type { person } from '../../contracts/people.js';
import { toWireId } from '../../domain/ids.js';
import type { ListedMember } from '../stores/memberships.js';

export type WirePerson = z.infer<typeof person>;

/** A member in its wire form. */
export const toWirePerson = ({ id, name, email, roles, active, emailVerified }: ListedMember): WirePerson => ({
  object: 'person',
  id: toWireId('person', id),
  name,
  email,
  roles: [...roles],
  active,
  email_verified: emailVerified,
});
