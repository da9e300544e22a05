import type { z } from 'zod';
import type { askPasswordReset as contract, passwordReset } from '../../contracts/links.js';
import { LINK_HOURS } from '../../domain/email-link.js';
import { ok, type Result } from '../../domain/result.js';
import type { PublicContext } from '../context.js';

/**
 * Asks for a letter that resets a password. For an address that nobody has, and for people who may not sign in, it runs the same statements and
 * gives the same answer; the letter is written afterwards, if there is somebody to write to (ADR 0072). Three letters an hour go to one person.
 */
export const askPasswordReset = async (
  { directory, emailLinks, services, requestId }: PublicContext,
  { email }: z.output<typeof contract>,
): Promise<Result<z.infer<typeof passwordReset>>> => {
  const person = await directory.person(email.toLowerCase());
  const personId = person?.id ?? services.entropy.newId();
  await emailLinks.ask({ id: services.entropy.newId(), personId, purpose: 'password_reset', requestId });
  return ok({ object: 'password_reset', link_hours: LINK_HOURS });
};
