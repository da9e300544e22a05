import { uuidv7 } from 'uuidv7';
import { DOUBT_KINDS, type ExceptionKind, waitingStates } from '../domain/exceptions.js';
import type { ItemState } from '../domain/item/states.js';
import { COMMENT, EXCEPTION, type ExceptionStore, type ExceptionView, type Standing } from '../operations/stores/exceptions.js';
import { type exception, type exception_comment, Prisma } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { arrayText, tableOf } from './transaction/table.js';

const exceptions = tableOf<exception>()(EXCEPTION);
const comments = tableOf<exception_comment>()(COMMENT);

const inView = exceptions.joined('e');
const VIEW = Prisma.sql`SELECT ${inView.list}, b.external_id AS batch_external_id, b.currency AS currency FROM exception e
  LEFT JOIN payout_batch b ON b.tenant_id = e.tenant_id AND b.id = e.batch_id`;

interface StoredView {
  batch_external_id: string | null;
  currency: string | null;
}

const toView = (row: StoredView): ExceptionView => ({
  exception: inView.row(row),
  batchExternalId: row.batch_external_id,
  currency: row.currency,
});

/** Exceptions of one tenant: what a person has to look at. */
export const exceptionStore = ({ orm, sql }: Tx, { tenantId, actor, now }: Scope): ExceptionStore => ({
  raise: async ({ kind, batchId, connectionId, ordinals, detail }) => {
    const raised = await sql.row<{ id: string; fresh: boolean }>('conflict')`
      INSERT INTO exception (tenant_id, id, kind, batch_id, connection_id, detail)
      VALUES (${tenantId}::uuid, ${uuidv7()}::uuid, ${kind}, ${batchId}::uuid, ${connectionId}::uuid, ${JSON.stringify(detail)}::jsonb)
      ON CONFLICT (tenant_id, kind, batch_id, connection_id) WHERE resolved_at IS NULL DO UPDATE SET resolved_at = NULL
      RETURNING id, (xmax = 0) AS fresh`;
    if (!raised) throw new Error(`an exception ${kind} was neither inserted nor joined`);
    if (batchId === null || ordinals.length === 0) return { ...raised, added: 0, addedAmount: 0n };
    const inOrder = [...new Set(ordinals)].sort((a, b) => a - b);
    const sums = await sql.row<{ news: number; again: number; news_amount: string; again_amount: string }>('set')`
      WITH known AS MATERIALIZED (
        SELECT ordinal FROM exception_item WHERE tenant_id = ${tenantId}::uuid AND exception_id = ${raised.id}::uuid
      ), put AS (
        INSERT INTO exception_item AS e (tenant_id, exception_id, batch_id, ordinal, amount)
        SELECT ${tenantId}::uuid, ${raised.id}::uuid, ${batchId}::uuid, i.ordinal, i.amount
        FROM unnest(${arrayText(inOrder)}::int[]) AS w (ordinal)
        CROSS JOIN LATERAL (
          SELECT ordinal, amount FROM item_now
          WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = w.ordinal LIMIT 1) i
        ON CONFLICT (tenant_id, exception_id, ordinal) DO UPDATE SET resolved_at = NULL, resolution = NULL WHERE e.resolved_at IS NOT NULL
        RETURNING e.ordinal, e.amount
      ), told AS (SELECT p.amount, k.ordinal IS NOT NULL AS again FROM put p LEFT JOIN known k USING (ordinal))
      SELECT (count(*) FILTER (WHERE NOT again))::int AS news, (count(*) FILTER (WHERE again))::int AS again,
        coalesce(sum(amount) FILTER (WHERE NOT again), 0) AS news_amount, coalesce(sum(amount) FILTER (WHERE again), 0) AS again_amount
      FROM told`;
    const [news, again] = [BigInt(sums?.news_amount ?? 0), BigInt(sums?.again_amount ?? 0)];
    const added = (sums?.news ?? 0) + (sums?.again ?? 0);
    if (added > 0)
      await sql.run('conflict')`
        UPDATE exception SET item_count = item_count + ${sums?.news ?? 0}, amount = amount + ${news},
          open_count = open_count + ${added}, open_amount = open_amount + ${news + again}
        WHERE tenant_id = ${tenantId}::uuid AND id = ${raised.id}::uuid`;
    return { ...raised, added, addedAmount: news + again };
  },

  end: (kind, batchId) => sql.row<{ id: string }>('conflict')`
    UPDATE exception SET resolved_at = now(), resolution = 'over'
    WHERE tenant_id = ${tenantId}::uuid AND kind = ${kind} AND batch_id = ${batchId}::uuid AND resolved_at IS NULL RETURNING id`,

  openOf: async (batchId) => {
    const rows = await orm.exception.findMany({
      where: { tenant_id: tenantId, batch_id: batchId, resolved_at: null },
      orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
    });
    return rows.map(exceptions.row);
  },

  view: async (id) => {
    const row = await sql.row<StoredView>('join')`${VIEW} WHERE e.tenant_id = ${tenantId}::uuid AND e.id = ${id}::uuid`;
    return row && toView(row);
  },

  lock: async (id) => {
    const row = await sql.row('lock')`
      SELECT ${exceptions.list()} FROM exception WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid FOR UPDATE`;
    return row && exceptions.row(row);
  },

  list: async ({ limit, after, open, kind, batchId, ownerId }) => {
    const rows = await sql.rows<StoredView>('join')`${VIEW} WHERE e.tenant_id = ${tenantId}::uuid
      ${after === undefined ? Prisma.empty : Prisma.sql`AND e.id < ${after}::uuid`}
      ${open === undefined ? Prisma.empty : Prisma.sql`AND (e.resolved_at IS NULL) = ${open}`}
      ${kind === undefined ? Prisma.empty : Prisma.sql`AND e.kind = ${kind}`}
      ${batchId === undefined ? Prisma.empty : Prisma.sql`AND e.batch_id = ${batchId}::uuid`}
      ${ownerId === undefined ? Prisma.empty : Prisma.sql`AND e.owner_id = ${ownerId}::uuid`}
      ORDER BY e.id DESC LIMIT ${limit + 1}`;
    return pageOf(rows, limit, toView);
  },

  standing: ({ id, batchId }) => sql.rows<Standing>('join')`
    SELECT i.state, i.reason, count(*)::int AS count, sum(e.amount)::bigint AS amount FROM exception_item e
    CROSS JOIN LATERAL (
      SELECT state, reason FROM item_now WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = e.ordinal LIMIT 1) i
    WHERE e.tenant_id = ${tenantId}::uuid AND e.exception_id = ${id}::uuid GROUP BY 1, 2 ORDER BY 1, 2`,

  openChunks: async (id, chunkSize) => {
    const rows = await sql.rows<{ chunk: number }>('set')`
      SELECT DISTINCT ordinal / ${chunkSize}::int AS chunk FROM exception_item
      WHERE tenant_id = ${tenantId}::uuid AND exception_id = ${id}::uuid AND resolved_at IS NULL ORDER BY 1`;
    return rows.map(({ chunk }) => chunk);
  },

  items: async ({ id, batchId }, { limit, afterOrdinal = -1, open }) => {
    // Looks up each item by its key: a join would read the whole batch (see db/chunks.ts).
    const rows = await sql.rows<StoredItem>('join')`
      SELECT e.ordinal, p.reference, e.amount, e.added_at, e.resolved_at, e.resolution, i.state, i.reason, i.provider_reference, i.attempt
      FROM (
        SELECT * FROM exception_item
        WHERE tenant_id = ${tenantId}::uuid AND exception_id = ${id}::uuid AND ordinal > ${afterOrdinal} 
          ${open === undefined ? Prisma.empty : Prisma.sql`AND (resolved_at IS NULL) = ${open}`}
        ORDER BY ordinal LIMIT ${limit + 1}) e
      CROSS JOIN LATERAL (
        SELECT payee_id, state, reason, provider_reference, attempt FROM item_now
        WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = e.ordinal LIMIT 1) i
      CROSS JOIN LATERAL (SELECT reference FROM payee WHERE tenant_id = ${tenantId}::uuid AND id = i.payee_id LIMIT 1) p
      ORDER BY e.ordinal`;
    return pageOf(rows, limit, (row) => ({
      ...{
        ordinal: row.ordinal,
        payeeReference: row.reference,
        amount: row.amount,
        addedAt: row.added_at,
        resolvedAt: row.resolved_at,
        resolution: row.resolution,
      },
      ...{ state: row.state, reason: row.reason, providerReference: row.provider_reference, attempt: row.attempt },
    }));
  },

  inDoubt: ({ id, batchId, kind }, ordinals, limit) => sql.rows<{ ordinal: number; amount: bigint }>('join')`
    SELECT e.ordinal, e.amount
    FROM (
      SELECT ordinal, amount FROM exception_item
      WHERE tenant_id = ${tenantId}::uuid AND exception_id = ${id}::uuid AND resolved_at IS NULL
        AND (${ordinals === null} OR ordinal = ANY(${arrayText(ordinals ?? [])}::int[]))
      ORDER BY ordinal LIMIT ${limit}) e
    CROSS JOIN LATERAL (
      SELECT state FROM item_now WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = e.ordinal LIMIT 1) i
    WHERE i.state = ANY(${[...waitingStates(kind)]}::text[])
    ORDER BY e.ordinal`,

  assign: async (id, ownerId) => {
    await orm.exception.updateMany({ where: { tenant_id: tenantId, id }, data: { owner_id: ownerId } });
  },

  comment: async (row) => {
    await orm.exception_comment.create({ data: { tenant_id: tenantId, ...comments.stored({ ...row, createdAt: now }), actor } });
  },

  comments: async (exceptionId) => {
    const rows = await orm.exception_comment.findMany({ where: { tenant_id: tenantId, exception_id: exceptionId }, orderBy: { id: 'asc' } });
    return rows.map(comments.row);
  },

  settleItems: (batchId, ordinals, resolution) => sql.rows<{ id: string; kind: ExceptionKind }>('set')`
    WITH open AS MATERIALIZED (
      SELECT id FROM exception
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND resolved_at IS NULL AND kind = ANY(${[...DOUBT_KINDS]}::text[])
      ORDER BY id FOR UPDATE
    ), settled AS (
      UPDATE exception_item e SET resolved_at = now(), resolution = ${resolution}
      WHERE e.tenant_id = ${tenantId}::uuid AND e.exception_id IN (SELECT id FROM open) AND e.resolved_at IS NULL
        AND e.ordinal = ANY(${arrayText(ordinals)}::int[])
      RETURNING e.exception_id, e.amount
    ), counted AS (
      UPDATE exception x SET open_count = x.open_count - s.n, open_amount = x.open_amount - s.amount,
        resolved_at = CASE WHEN x.open_count = s.n THEN now() END, resolution = CASE WHEN x.open_count = s.n THEN ${resolution} END
      FROM (SELECT exception_id, count(*)::int AS n, sum(amount)::bigint AS amount FROM settled GROUP BY 1) s
      WHERE x.tenant_id = ${tenantId}::uuid AND x.id = s.exception_id
      RETURNING x.id, x.kind, x.resolved_at
    )
    SELECT id, kind FROM counted WHERE resolved_at IS NOT NULL ORDER BY id`,

  resolve: async (id, resolution) => {
    await sql.run('set')`
      WITH items AS (
        UPDATE exception_item SET resolved_at = now(), resolution = ${resolution}
        WHERE tenant_id = ${tenantId}::uuid AND exception_id = ${id}::uuid AND resolved_at IS NULL
      )
      UPDATE exception SET resolved_at = now(), resolution = ${resolution}, open_count = 0, open_amount = 0
      WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid AND resolved_at IS NULL`;
  },
});

interface StoredItem {
  ordinal: number;
  reference: string;
  amount: bigint;
  added_at: Date;
  resolved_at: Date | null;
  resolution: string | null;
  state: ItemState;
  reason: string | null;
  provider_reference: string | null;
  attempt: number;
}
