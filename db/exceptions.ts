import { uuidv7 } from 'uuidv7';
import { EXCEPTION, type ExceptionStore } from '../operations/stores/exceptions.js';
import type { exception } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { arrayText, tableOf } from './transaction/table.js';

const exceptions = tableOf<exception>()(EXCEPTION);

/** Exceptions of one tenant: what a person has to look at. */
export const exceptionStore = ({ orm, sql }: Tx, { tenantId }: Scope): ExceptionStore => ({
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
          SELECT ordinal, amount FROM payout_item
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
});
