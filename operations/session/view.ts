import type { z } from 'zod';
import type { session } from '../../contracts/access.js';
import { toWireId } from '../../domain/ids.js';
import type { Stores } from '../ports.js';

export type WireSession = z.infer<typeof session>;

/** What somebody does whose permissions sleep. */
export const WAKE = 'Enrol one (`sluice factors add`, or POST /v1/factors), then sign in again.';

/** A session in its wire form. It has no token: only `createSession` knows it. */
export const toWireSession = async (
  stores: Stores,
  of: { sessionId: string; personId: string; roles: readonly string[]; expiresAt: Date; sleeping?: readonly string[] },
): Promise<WireSession> => {
  const workspace = await stores.workspaces.get();
  const person = (await stores.memberships.names([of.personId])).get(of.personId);
  if (!person) throw new Error(`person ${of.personId} holds a session of a workspace without being its member`);
  return {
    object: 'session',
    id: toWireId('session', of.sessionId),
    workspace: { id: toWireId('workspace', workspace.tenantId), name: workspace.name, mode: workspace.mode },
    person: { id: toWireId('person', of.personId), ...person, roles: [...of.roles] },
    expires_at: of.expiresAt.toISOString(),
    sleeping_permissions: [...(of.sleeping ?? [])],
    advice: of.sleeping?.length ? `You have no second factor, so these permissions sleep. ${WAKE}` : null,
  };
};
