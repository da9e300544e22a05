import type { z } from 'zod';
import type { completedPasswordReset, completePasswordReset as contract } from '../../contracts/links.js';
import type { AuditEntry } from '../../domain/audit/event.js';
import { passwordFault } from '../../domain/password.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import type { Context, PublicContext } from '../context.js';
import { writeLetter } from '../mail/write.js';
import type { FoundLink } from '../stores/email-links.js';
import { LINK_NOT_VALID } from './letters.js';

type WireCompleted = z.infer<typeof completedPasswordReset>;

/**
 * Sets a new password by the token of a letter, and ends every session of the person, in all workspaces; their logs hear of it, and a letter
 * tells the person. Second factors stay: the new password signs nobody in without them. The new password is judged first, and a refused one
 * leaves the link as it was.
 *
 * Refuses with `link_not_valid` (one answer, whatever the reason), `password_refused` or `passwords_busy`.
 */
export const completePasswordReset = async (
  publicContext: PublicContext,
  { token, new_password }: z.output<typeof contract>,
): Promise<Result<WireCompleted>> => {
  const { directory, emailLinks, services, enter } = publicContext;
  const hash = services.credentials.hashToken(token);
  const link = hash && (await emailLinks.find(hash, 'password_reset'));
  const workspaces = link ? await directory.workspacesOf(link.personId) : [];
  const [home] = workspaces;
  if (!hash || !link || !home) return { ok: false, refusal: LINK_NOT_VALID };
  const refused = newPasswordRefusal(new_password, [link.email, link.name, ...workspaces.map(({ name }) => name)], publicContext);
  if (refused) return { ok: false, refusal: refused };
  const made = await services.credentials.newPasswordHash(new_password, link.personId);
  if (!made.ok) return made;
  const ctx = enter(home.tenantId, home.mode, { type: 'email_link', linkId: link.id, personId: link.personId });
  return reset(ctx, link, hash, made.value);
};

/** What is wrong with a new password that a link sets. The field has this name in the contracts of such links, or the one that is given. */
export const newPasswordRefusal = (
  password: string,
  known: readonly string[],
  { services }: Pick<PublicContext, 'services'>,
  field = 'new_password',
): Refusal | null => {
  const fault = passwordFault(password, known, services.credentials.estimateGuesses);
  return (
    fault &&
    refuse('password_refused', `Nothing was changed, and the link was not used. Of the new password: ${fault.message}.`, {
      errors: [{ field, ...fault }],
    }).refusal
  );
};

const reset = (ctx: Context, { personId, name, email, passwordVersion }: FoundLink, linkHash: Uint8Array, passwordHash: string) =>
  ctx.inTenant(async (stores): Promise<Result<WireCompleted>> => {
    if (!(await stores.emailLinks.use(linkHash, 'password_reset'))) return { ok: false, refusal: LINK_NOT_VALID };
    // The link is used up all the same: whoever set another password meanwhile knows it.
    if (!(await stores.passwords.change(personId, passwordVersion, passwordHash))) return { ok: false, refusal: LINK_NOT_VALID };
    const ended = (await stores.sessions.endAll()).length;
    const at = stores.now.toISOString();
    await writeLetter(ctx, stores, { name, email }, { template: 'password_was_reset', params: { at } });
    const entry: AuditEntry = {
      subject: { type: 'person', id: personId },
      action: 'person.reset_password',
      result: 'ok',
      detail: { ended_sessions: ended },
    };
    await stores.personEvents.add({ ...entry, personId });
    await stores.audit.append(entry);
    return ok({ object: 'completed_password_reset', reset_at: at, ended_sessions: ended });
  });
