import { credentialDirectory } from '../../db/credential-directory.js';
import { emailLinkQueue } from '../../db/email-links.js';
import { invitationDirectory } from '../../db/invitations.js';
import { operatorDirectory } from '../../db/operator-directory.js';
import { passkeyDirectory } from '../../db/passkey-requests.js';
import { personEventQueue } from '../../db/person-events.js';
import type { Actor } from '../../domain/actors.js';
import { ROLES } from '../../domain/permissions.js';
import type { Context, PublicContext } from '../../operations/context.js';
import { issueLinks } from '../../operations/email-link/issue.js';
import type { Services } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { OwnDatabase } from './database.js';
import type { Person } from './people.js';
import { type ContextOptions, newContext } from './services.js';
import type { Workspace } from './workspaces.js';

export const contextsOf = (base: { pool: OwnDatabase['pool']; services: Services; home: Workspace }) => {
  const { home } = base;

  /** Acts as a person, in a new session each time, or as any other actor. */
  const as = (who: Person | Actor, options: ContextOptions = {}): Context =>
    newContext(
      base,
      'secret' in who ? { type: 'user', personId: who.id, sessionId: systemEntropy.newId(), roles: [who.role], permissions: ROLES[who.role] } : who,
      {
        ...options,
        tenantId: options.tenantId ?? home.tenantId,
      },
    );

  /** The API acting for nobody. */
  const api = (tenantId = home.tenantId): Context => as({ type: 'system', process: 'api' }, { tenantId });

  const worker = (services: Partial<Services> = {}, tenantId = home.tenantId): Context =>
    as({ type: 'system', process: 'worker' }, { tenantId, login: 'worker', services });

  /** Context of a request before its workspace is known. */
  const publicContext = (): PublicContext => ({
    requestId: systemEntropy.newId(),
    directory: credentialDirectory(base.pool('api'), base.services.membershipKey.isAuthentic),
    operators: operatorDirectory(base.pool('api')),
    personEvents: personEventQueue(base.pool('api')),
    emailLinks: emailLinkQueue(base.pool('api')),
    passkeys: passkeyDirectory(base.pool('api')),
    invitations: invitationDirectory(base.pool('api')),
    services: base.services,
    enter: (tenantId, mode, actor) => as(actor, { tenantId, mode }),
  });

  /** Writes what happened to people's accounts into the logs of their workspaces, as the API does after its answers. */
  const deliverPersonEvents = async (): Promise<void> => {
    const queue = personEventQueue(base.pool('api'));
    for (let found = 1; found > 0; ) found = await queue.deliver();
  };

  /** Writes the letters of links that were asked for, as the API does after its answers. */
  const issueEmailLinks = async (): Promise<void> => {
    const queue = emailLinkQueue(base.pool('api'));
    for (let found = 1; found > 0; ) found = await issueLinks(queue, base.services, () => new Date());
  };

  return { as, api, worker, publicContext, deliverPersonEvents, issueEmailLinks };
};
