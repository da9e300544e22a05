import { membersOf } from '../operations/stores/columns.js';
import { DISPATCH, type DispatchStore } from '../operations/stores/dispatches.js';
import type { dispatch } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const dispatches = tableOf<dispatch>()(DISPATCH);
const BY_CLOCK = ['sentFrom', 'leaseUntil', 'createdAt'] as const;
type ByClock = (typeof BY_CLOCK)[number];
const GIVEN = membersOf(DISPATCH).filter((member): member is Exclude<typeof member, ByClock> => !(BY_CLOCK as readonly string[]).includes(member));

/** What of a chunk may leave, append-only. Leases are measured on the database's clock. */
export const dispatchStore = ({ orm, sql }: Tx, { tenantId }: Scope): DispatchStore => ({
  ofChunks: async (batchId, chunks) => {
    if (chunks.length === 0) return [];
    const rows = await sql.rows<{ lease_left_ms: number; age_ms: number }>('clock')`
      SELECT ${dispatches.list()}, (extract(epoch FROM lease_until - clock_timestamp()) * 1000)::float8 AS lease_left_ms,
        (extract(epoch FROM clock_timestamp() - sent_from) * 1000)::float8 AS age_ms
      FROM dispatch
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND chunk = ANY(${[...chunks]}::int[]) ORDER BY chunk, attempt`;
    return rows.map((row) => ({ ...dispatches.row(row), leaseLeftMs: row.lease_left_ms, ageMs: row.age_ms }));
  },

  ofBatch: async (batchId) => {
    const rows = await orm.dispatch.findMany({
      where: { tenant_id: tenantId, batch_id: batchId },
      orderBy: [{ chunk: 'asc' }, { attempt: 'asc' }],
    });
    return rows.map(dispatches.row);
  },

  // A later attempt covers only what the first one of its chunk covered.
  countSent: async (batchId) => {
    const { _sum } = await orm.dispatch.aggregate({ where: { tenant_id: tenantId, batch_id: batchId, attempt: 1 }, _sum: { item_count: true } });
    return _sum.item_count ?? 0;
  },

  insert: async ({ leaseMs, sentFrom = null, ...row }) => {
    await sql.run('clock')`
      INSERT INTO dispatch (tenant_id, ${dispatches.names(GIVEN)}, sent_from, lease_until)
      SELECT ${tenantId}::uuid, ${dispatches.values(GIVEN, row)}, coalesce(${sentFrom}::timestamptz, c.at), c.at + ${leaseMs} * interval '1 millisecond' FROM (SELECT clock_timestamp() AS at) c`;
  },
});
