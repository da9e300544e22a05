/** A page of a list, newest first. `after` is the id of the last row of the page before. */
export interface PageQuery {
  limit: number;
  after?: string | undefined;
}

export interface Page<Row> {
  rows: Row[];
  hasMore: boolean;
}
