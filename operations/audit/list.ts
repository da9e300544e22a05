import { fromWireId, ID_PREFIXES, type IdKind } from '../../domain/ids.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import { toWireEvent, type WireEvent } from './wire.js';

export interface ListAuditEvents {
  limit: number;
  starting_after?: string | undefined;
  subject_type?: string | undefined;
  /** A wire id (`batch_…`), or the id as the event's own `subject` has it. */
  subject_id?: string | undefined;
  action?: string | undefined;
}

/** Audit events of the workspace, newest first. The cursor is the id of the last event of a page. */
export const listAuditEvents = (ctx: Context, input: ListAuditEvents): Promise<Result<List<WireEvent>>> =>
  listPage('event', input, (page) =>
    ctx.inTenant(async (stores) => {
      const { rows, hasMore } = await stores.audit.list({
        ...page,
        subjectType: input.subject_type,
        subjectId: input.subject_id === undefined ? undefined : subjectId(input.subject_id),
        action: input.action,
      });
      return { rows: rows.map(toWireEvent), hasMore };
    }),
  );

const subjectId = (id: string): string => {
  for (const kind of Object.keys(ID_PREFIXES) as IdKind[]) {
    const uuid = fromWireId(kind, id);
    if (uuid) return uuid;
  }
  return id;
};
