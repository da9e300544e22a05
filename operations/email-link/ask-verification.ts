import type { z } from 'zod';
import type { emailVerification } from '../../contracts/links.js';
import { LETTERS_AN_HOUR, LINK_HOURS } from '../../domain/email-link.js';
import { type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { writeLetter } from '../mail/write.js';
import { linkLetter, newLinkToken } from './letters.js';

/**
 * Writes the caller a letter whose link proves that they read what is sent to their address. Links of before are void. Refuses with `forbidden`
 * (no person) and, when three were written within an hour, with `rate_limited`.
 */
export const askEmailVerification = async (ctx: Context): Promise<Result<z.infer<typeof emailVerification>>> => {
  const { actor, services } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in has an e-mail address to prove.');
  return ctx.inTenant(async (stores): Promise<Result<z.infer<typeof emailVerification>>> => {
    const entry = { subject: { type: 'person', id: actor.personId }, action: 'email_verification.ask', detail: {} } as const;
    const person = (await stores.memberships.names([actor.personId])).get(actor.personId);
    if (!person) throw new Error(`person ${actor.personId} has a session and is not there`);
    const { token, hash } = newLinkToken(services);
    if (!(await stores.emailLinks.issue({ id: services.entropy.newId(), purpose: 'email_verification', hash })))
      return refusedAndAudited(stores, entry, TOO_MANY);
    const expiresAt = new Date(stores.now.getTime() + LINK_HOURS * 3_600_000);
    await writeLetter(ctx, stores, { name: person.name, email: person.email }, linkLetter('email_verification', token, expiresAt));
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer({ object: 'email_verification', email: person.email, link_hours: LINK_HOURS });
  });
};

const TOO_MANY = refuse(
  'rate_limited',
  `${LETTERS_AN_HOUR} such letters were written to you within an hour. Take the link of the newest, or ask later.`,
  {
    extra: { retry_after_seconds: 3_600 },
  },
).refusal;
