import type { BatchStore } from '../operations/stores/batches.js';
import { Prisma } from '../prisma/generated/client.js';
import {
  BATCH_COLUMNS,
  type BatchColumns,
  CONTROL_COLUMNS,
  COUNTER_COLUMNS,
  type ContentColumns,
  type ControlColumns,
  type CounterColumns,
  toBatch,
  toContent,
  toControl,
  toCounter,
  toView,
  type ViewColumns,
} from './batch-rows.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

const VIEW_COLUMNS = Prisma.sql`${BATCH_COLUMNS}, ${CONTROL_COLUMNS}, ${COUNTER_COLUMNS}, t.size, t.count, t.total, t.root, t.digest,
  coalesce((SELECT jsonb_agg(jsonb_build_object('id', g.id, 'gate', g.gate, 'person_id', g.person_id, 'opened_at', g.opened_at) ORDER BY g.opened_at)
    FROM gate g WHERE g.tenant_id = c.tenant_id AND g.batch_id = c.batch_id AND g.content_version = c.content_version), '[]') AS gates,
  (SELECT count(*)::int FROM exception e WHERE e.tenant_id = c.tenant_id AND e.batch_id = c.batch_id AND e.resolved_at IS NULL) AS open_exceptions`;

/** The join with content is what hides a batch that was never sealed, abandoned ones included (R19). */
const VIEW_FROM = Prisma.sql`FROM payout_batch b
  JOIN batch_control c ON c.tenant_id = b.tenant_id AND c.batch_id = b.id
  JOIN batch_counter n ON n.tenant_id = b.tenant_id AND n.batch_id = b.id
  JOIN batch_content t ON t.tenant_id = b.tenant_id AND t.batch_id = b.id AND t.content_version = c.content_version`;

/** Any content will do: the current version's may be younger than the snapshot of a statement that waited for the lock. */
const IS_SEALED = Prisma.sql`EXISTS (SELECT 1 FROM batch_content t WHERE t.tenant_id = c.tenant_id AND t.batch_id = c.batch_id)`;

/** Ids tell their time by the clock of the process that made them, so a day more than is asked for is looked at. */
const DESTINATION_IDS_MS = 48 * 3_600_000;

/** The smallest UUIDv7 of a moment. */
const firstIdOf = (at: Date): string => `${at.getTime().toString(16).padStart(12, '0')}${'0'.repeat(20)}`;

/** Adapter of the batch, control, counter, content, chunk and preparer tables. */
export const batchStore = (tx: Tx, { tenantId, actor, now }: Scope): BatchStore => ({
  async insert(row, state, deadlineAt) {
    const inserted = await tx.sql.rows<unknown>('set')`
      WITH batch AS (
        INSERT INTO payout_batch (tenant_id, id, external_id, description, rail, connection_id, funding_account_id, currency, chunk_size, source,
          source_sha256, allow_duplicates, fee_bearer, fee_maximum, execute_not_before, execute_by, created_actor)
        VALUES (${tenantId}::uuid, ${row.id}::uuid, ${row.externalId}, ${row.description}, ${row.rail}, ${row.connectionId}::uuid,
          ${row.fundingAccountId}::uuid, ${row.currency}, ${row.chunkSize}, ${row.source}, ${row.sourceSha256}, ${row.allowDuplicates},
          ${row.feeBearer}, ${row.feeMaximum}, ${row.executeNotBefore}, ${row.executeBy}, ${JSON.stringify(actor)}::jsonb)
        ON CONFLICT (tenant_id, external_id) DO NOTHING
        RETURNING tenant_id, id
      ), control AS (
        INSERT INTO batch_control (tenant_id, batch_id, state, deadline_at) SELECT tenant_id, id, ${state}, ${deadlineAt} FROM batch
      )
      INSERT INTO batch_counter (tenant_id, batch_id) SELECT tenant_id, id FROM batch RETURNING 1`;
    return inserted.length === 1;
  },

  async byExternalId(externalId) {
    const row = await tx.orm.payout_batch.findFirst({ where: { tenant_id: tenantId, external_id: externalId }, select: { id: true } });
    return row?.id ?? null;
  },

  async receiving() {
    const rows = await tx.sql.rows<BatchColumns & ControlColumns>('set')`
      SELECT ${BATCH_COLUMNS}, ${CONTROL_COLUMNS} FROM payout_batch b
      JOIN batch_control c ON c.tenant_id = b.tenant_id AND c.batch_id = b.id
      WHERE c.tenant_id = ${tenantId}::uuid AND c.state = 'receiving' ORDER BY b.id FOR UPDATE OF c`;
    return rows.map((row) => ({ batch: toBatch(row), control: toControl(row) }));
  },

  async giveUpExternalId(id) {
    await tx.sql.run('set')`UPDATE payout_batch SET external_id = NULL WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid`;
  },

  async view(id) {
    const [row] = await tx.sql.rows<ViewColumns>(
      'set',
    )`SELECT ${VIEW_COLUMNS} ${VIEW_FROM} WHERE b.tenant_id = ${tenantId}::uuid AND b.id = ${id}::uuid`;
    return row ? toView(row) : null;
  },

  async list({ limit, after, state, externalId }) {
    const rows = await tx.sql.rows<ViewColumns>('set')`
      SELECT ${VIEW_COLUMNS} ${VIEW_FROM} WHERE b.tenant_id = ${tenantId}::uuid
      ${after === undefined ? Prisma.empty : Prisma.sql`AND b.id < ${after}::uuid`}
      ${state === undefined ? Prisma.empty : Prisma.sql`AND c.state = ${state}`}
      ${externalId === undefined ? Prisma.empty : Prisma.sql`AND b.external_id = ${externalId}`}
      ORDER BY b.id DESC LIMIT ${limit + 1}`;
    return { rows: rows.slice(0, limit).map(toView), hasMore: rows.length > limit };
  },

  async get(id) {
    const [row] = await tx.sql.rows<BatchColumns>('set')`
      SELECT ${BATCH_COLUMNS} FROM payout_batch b WHERE b.tenant_id = ${tenantId}::uuid AND b.id = ${id}::uuid`;
    return row ? toBatch(row) : null;
  },

  async lock(id) {
    const [row] = await tx.sql.rows<ControlColumns>('set')`
      SELECT ${CONTROL_COLUMNS} FROM batch_control c
      WHERE c.tenant_id = ${tenantId}::uuid AND c.batch_id = ${id}::uuid AND ${IS_SEALED} FOR UPDATE`;
    return row ? toControl(row) : null;
  },

  async lockShared(id) {
    const [row] = await tx.sql.rows<ControlColumns>('set')`
      SELECT ${CONTROL_COLUMNS} FROM batch_control c
      WHERE c.tenant_id = ${tenantId}::uuid AND c.batch_id = ${id}::uuid AND ${IS_SEALED} FOR SHARE`;
    return row ? toControl(row) : null;
  },

  async move(id, rowVersion, change) {
    // Only the columns that change are named: each role may write only its own (R18).
    const { count } = await tx.orm.batch_control.updateMany({
      where: { tenant_id: tenantId, batch_id: id, row_version: rowVersion },
      data: {
        row_version: { increment: 1 },
        ...(change.state === undefined ? {} : { state: change.state, state_at: now }),
        ...(change.contentVersion === undefined ? {} : { content_version: change.contentVersion }),
        ...(change.pausedAt === undefined ? {} : { paused_at: change.pausedAt }),
        ...(change.cancellingAt === undefined ? {} : { cancelling_at: change.cancellingAt }),
        ...(change.integrityFailedAt === undefined ? {} : { integrity_failed_at: change.integrityFailedAt }),
        ...(change.deadlineAt === undefined ? {} : { deadline_at: change.deadlineAt }),
        ...(change.outcome === undefined ? {} : { outcome: change.outcome }),
        ...(change.reason === undefined ? {} : { reason: change.reason }),
      },
    });
    return count === 1;
  },

  async addPreparer(id, personId, deed) {
    await tx.sql.run('set')`
      INSERT INTO batch_preparer (tenant_id, batch_id, person_id, deed) VALUES (${tenantId}::uuid, ${id}::uuid, ${personId}::uuid, ${deed})
      ON CONFLICT DO NOTHING`;
  },

  async preparers(id) {
    // Destinations changed lately by somebody who is no preparer anyway are few, mostly none: then no item is looked at. If there are any,
    // one pass over both with a hash aggregate, for a join of two big tables right after an ingest is planned as if they were empty.
    const lately = firstIdOf(new Date(now.getTime() - DESTINATION_IDS_MS));
    const rows = await tx.sql.rows<{ person_id: string }>('set')`
      WITH known AS MATERIALIZED (
        SELECT person_id FROM batch_preparer WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${id}::uuid
      ), lately AS MATERIALIZED (
        SELECT d.id, d.created_by FROM payee_destination d
        WHERE d.tenant_id = ${tenantId}::uuid AND d.id >= ${lately}::uuid AND d.created_at > now() - interval '24 hours'
          AND d.created_by IS NOT NULL AND d.created_by NOT IN (SELECT person_id FROM known)
      )
      SELECT person_id FROM known
      UNION
      SELECT max(u.person)::uuid FROM (
        SELECT id, created_by::text AS person FROM lately
        UNION ALL
        SELECT i.destination_id, NULL FROM payout_item i
        WHERE (SELECT EXISTS (SELECT 1 FROM lately)) AND i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${id}::uuid
          AND i.state <> 'excluded' AND i.destination_id >= ${lately}::uuid
      ) u GROUP BY u.id HAVING count(u.person) > 0 AND count(*) > count(u.person)`;
    return rows.map((row) => row.person_id);
  },

  async preparations(id) {
    const rows = await tx.orm.batch_preparer.findMany({ where: { tenant_id: tenantId, batch_id: id }, orderBy: { created_at: 'asc' } });
    return rows.map((row) => ({ personId: row.person_id, deed: row.deed, createdAt: row.created_at }));
  },

  async content(id, contentVersion) {
    const [row] = await tx.sql.rows<ContentColumns>('set')`
      SELECT content_version, size, count, total, root, digest FROM batch_content
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${id}::uuid AND content_version = ${contentVersion}`;
    return row ? toContent(row) : null;
  },

  async insertContent(id, row) {
    await tx.sql.run('set')`
      INSERT INTO batch_content (tenant_id, batch_id, content_version, size, count, total, root, digest)
      VALUES (${tenantId}::uuid, ${id}::uuid, ${row.contentVersion}, ${row.size}, ${row.count}, ${row.total}, ${row.root}, ${row.digest})`;
  },

  async chunkRoots(id) {
    const rows = await tx.sql.rows<{ root: Uint8Array }>('set')`
      SELECT root FROM batch_chunk WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${id}::uuid ORDER BY chunk`;
    return rows.map((row) => row.root);
  },

  async putChunkRoots(id, roots) {
    if (roots.length === 0) return;
    await tx.sql.run('set')`
      INSERT INTO batch_chunk (tenant_id, batch_id, chunk, root)
      SELECT ${tenantId}::uuid, ${id}::uuid, r.chunk, r.root
      FROM unnest(${roots.map((row) => row.chunk)}::int[], ${roots.map((row) => row.root)}::bytea[]) AS r (chunk, root)
      ON CONFLICT (tenant_id, batch_id, chunk) DO UPDATE SET root = EXCLUDED.root`;
  },

  async counter(id) {
    const [row] = await tx.sql.rows<CounterColumns>('set')`
      SELECT ${COUNTER_COLUMNS} FROM batch_counter n WHERE n.tenant_id = ${tenantId}::uuid AND n.batch_id = ${id}::uuid`;
    if (!row) throw new Error('a batch has no counter row');
    return toCounter(row);
  },

  async addToCounter(id, deltas) {
    const changes = Object.entries(COUNTER_OF).flatMap(([name, column]) => {
      const delta = deltas[name as keyof typeof COUNTER_OF];
      return delta ? [Prisma.sql`${Prisma.raw(column)} = ${Prisma.raw(column)} + ${delta}`] : [];
    });
    if (changes.length === 0) return this.counter(id);
    const [row] = await tx.sql.rows<CounterColumns>('set')`
      UPDATE batch_counter n SET ${Prisma.join(changes)} WHERE n.tenant_id = ${tenantId}::uuid AND n.batch_id = ${id}::uuid
      RETURNING ${COUNTER_COLUMNS}`;
    if (!row) throw new Error('a batch has no counter row');
    return toCounter(row);
  },
});

/** Member of the port → column. */
const COUNTER_OF = {
  open: 'open',
  unknown: 'unknown',
  submitted: 'submitted',
  paid: 'paid',
  failed: 'failed',
  returned: 'returned',
  cancelled: 'cancelled',
  excluded: 'excluded',
  blocked: 'blocked',
  wasUnknown: 'was_unknown',
  paidAmount: 'paid_amount',
} as const;
