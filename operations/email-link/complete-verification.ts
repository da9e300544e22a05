import type { z } from 'zod';
import type { completedEmailVerification, completeEmailVerification as contract } from '../../contracts/links.js';
import type { AuditEntry } from '../../domain/audit/event.js';
import { ok, type Result } from '../../domain/result.js';
import type { PublicContext } from '../context.js';
import { LINK_NOT_VALID } from './letters.js';

type WireCompleted = z.infer<typeof completedEmailVerification>;

/** Notes that a person reads what is sent to their address; the logs of their workspaces hear of it. Refuses with `link_not_valid`. */
export const completeEmailVerification = async (
  { directory, emailLinks, services, enter }: PublicContext,
  { token }: z.output<typeof contract>,
): Promise<Result<WireCompleted>> => {
  const hash = services.credentials.hashToken(token);
  const link = hash && (await emailLinks.find(hash, 'email_verification'));
  const [home] = link ? await directory.workspacesOf(link.personId) : [];
  if (!hash || !link || !home) return { ok: false, refusal: LINK_NOT_VALID };
  const { personId, email } = link;
  const ctx = enter(home.tenantId, home.mode, { type: 'email_link', linkId: link.id, personId });
  return ctx.inTenant(async (stores): Promise<Result<WireCompleted>> => {
    if (!(await stores.emailLinks.use(hash, 'email_verification'))) return { ok: false, refusal: LINK_NOT_VALID };
    const entry: AuditEntry = { subject: { type: 'person', id: personId }, action: 'person.verify_email', result: 'ok', detail: {} };
    await stores.personEvents.add({ ...entry, personId });
    await stores.audit.append(entry);
    return ok({ object: 'completed_email_verification', email, verified_at: stores.now.toISOString() });
  });
};
