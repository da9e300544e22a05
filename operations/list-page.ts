import { fromWireId, type IdKind } from '../domain/ids.js';
import { type Result, refuse } from '../domain/result.js';
import type { Page, PageQuery } from './stores/page.js';

/** A page of resources, newest first, as every list route answers it. */
export interface List<Resource> {
  object: 'list';
  data: Resource[];
  has_more: boolean;
  /** Send it as `starting_after` to read the next page; null on the last one. */
  next_cursor: string | null;
}

/**
 * Reads one page of a list whose cursor is the id of the last resource of the page before. `read` gets the UUID in that cursor and
 * answers resources in their wire form. Refuses a cursor that is no id of this kind with `invalid_request`.
 */
export const listPage = async <Resource extends { id: string }>(
  kind: IdKind,
  { limit, starting_after: cursor }: { limit: number; starting_after?: string | undefined },
  read: (page: PageQuery) => Promise<Page<Resource>>,
): Promise<Result<List<Resource>>> => {
  const after = cursor === undefined ? undefined : fromWireId(kind, cursor);
  if (after === null) return wrongCursor(LISTED[kind] ?? `a ${kind}`);
  return { ok: true, value: toList(await read({ limit, after })) };
};

export const toList = <Resource extends { id: string }>({ rows, hasMore }: Page<Resource>): List<Resource> => ({
  object: 'list',
  data: rows,
  has_more: hasMore,
  next_cursor: hasMore ? (rows.at(-1)?.id ?? null) : null,
});

/** Kinds whose name is not what people call them. */
const LISTED: Partial<Record<IdKind, string>> = { apiKey: 'an API key', account: 'an account', event: 'an audit event' };

/** `listed` is one of the resources in the list, such as `a batch`. */
export const wrongCursor = (listed: string): Result<never> =>
  refuse('invalid_request', 'Send the next_cursor of the page before as starting_after, or leave it out.', {
    errors: [{ field: 'starting_after', reason: 'id_form', message: `this is not the id of ${listed}` }],
  });
