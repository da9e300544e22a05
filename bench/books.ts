import type pg from 'pg';

/** What the database has written and holds, to be subtracted from a later look. */
export interface Written {
  rows: number;
  bytes: number;
  walBytes: number;
}

/** Rows inserted, size of all tables and months of them with their indexes, and the end of the write-ahead log. */
export const writtenSoFar = async (owner: pg.Client): Promise<Written> => {
  const { rows } = await owner.query<{ rows: string; bytes: string; wal: string }>(
    `SELECT (SELECT sum(n_tup_ins) FROM pg_stat_user_tables) AS rows,
      (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'sluice_parts')) AS bytes,
      pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal`,
  );
  const [row] = rows;
  return { rows: Number(row?.rows ?? 0), bytes: Number(row?.bytes ?? 0), walBytes: Number(row?.wal ?? 0) };
};

/** Backends report their statistics within a second of their last statement. */
export const STATISTICS_MS = 1_500;
