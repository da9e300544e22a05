import type { z } from 'zod';
import type { workspaceStop } from '../../contracts/stops.js';
import { toWireId } from '../../domain/ids.js';
import type { Stores } from '../ports.js';

export type WireStop = z.infer<typeof workspaceStop>;

/** Whether money moves in the workspace of this transaction, in its wire form. */
export const readStop = async (stores: Stores): Promise<WireStop> => {
  const { tenantId, frozenAt } = await stores.workspaces.get();
  const stop = await stores.stops.current();
  const names = await stores.memberships.names(stop ? [...new Set([stop.stoppedBy, stop.liftAskedBy ?? stop.stoppedBy])] : []);
  const person = (id: string) => ({ person_id: toWireId('person', id), name: names.get(id)?.name ?? '' });
  return {
    object: 'workspace_stop',
    workspace_id: toWireId('workspace', tenantId),
    stopped_at: frozenAt?.toISOString() ?? null,
    stop: stop && {
      id: toWireId('stop', stop.id),
      reason: stop.reason,
      stopped_by: person(stop.stoppedBy),
      stopped_at: stop.stoppedAt.toISOString(),
      lift:
        stop.liftAskedBy === null || stop.liftAskedAt === null
          ? null
          : { asked_by: person(stop.liftAskedBy), asked_at: stop.liftAskedAt.toISOString() },
    },
  };
};
