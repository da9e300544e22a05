import type { Page } from '../../operations/stores/page.js';

/** A page of `limit` rows, out of a read of one row more: that one says whether a next page exists. */
export const pageOf = <Stored, Row>(stored: readonly Stored[], limit: number, toRow: (stored: Stored) => Row): Page<Row> => ({
  rows: stored.slice(0, limit).map((one) => toRow(one)),
  hasMore: stored.length > limit,
});
