import type { Context } from '../context.js';
import { writeLetter } from '../mail/write.js';
import type { Stores } from '../ports.js';

/**
 * Tells a person by e-mail that their factor is locked, in the transaction that locks it. It throws for nobody, because an exception would
 * take back the wrong code that was just counted (R12): only members of the workspace in which the code was typed have a code to type there.
 */
export const announceLock = async (ctx: Context, stores: Stores, personId: string, lockedUntil: Date): Promise<void> => {
  const person = (await stores.memberships.names([personId])).get(personId);
  if (!person) return;
  const params = { locked_at: stores.now.toISOString(), locked_until: lockedUntil.toISOString() };
  await writeLetter(ctx, stores, { name: person.name, email: person.email }, { template: 'factor_locked', params });
};
