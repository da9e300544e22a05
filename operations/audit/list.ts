import { fromWireId, ID_PREFIXES, type IdKind, toWireId } from '../../domain/ids.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { toWireEvent, type WireEvent } from './wire.js';

export interface ListAuditEvents {
  limit: number;
  starting_after?: string | undefined;
  subject_type?: string | undefined;
  /** A wire id (`batch_…`), or the id as it stands in the event's own subject. */
  subject_id?: string | undefined;
  action?: string | undefined;
}

interface EventList {
  object: 'list';
  data: WireEvent[];
  has_more: boolean;
  next_cursor: string | null;
}

/** Audit events of the workspace, newest first. Refuses a cursor that is no event id as `invalid_request`. */
export const listAuditEvents = async (ctx: Context, input: ListAuditEvents): Promise<Result<EventList>> => {
  const after = input.starting_after === undefined ? undefined : fromWireId('event', input.starting_after);
  if (after === null) return refuse('invalid_request', 'starting_after is the id of the last event of the page before.');
  const { rows, hasMore } = await ctx.inTenant((stores) =>
    stores.audit.list({
      limit: input.limit,
      after,
      subjectType: input.subject_type,
      subjectId: input.subject_id === undefined ? undefined : subjectId(input.subject_id),
      action: input.action,
    }),
  );
  const last = rows.at(-1);
  return ok({
    object: 'list',
    data: rows.map(toWireEvent),
    has_more: hasMore,
    next_cursor: hasMore && last ? toWireId('event', last.id) : null,
  });
};

const subjectId = (id: string): string => {
  for (const kind of Object.keys(ID_PREFIXES) as IdKind[]) {
    const uuid = fromWireId(kind, id);
    if (uuid) return uuid;
  }
  return id;
};
