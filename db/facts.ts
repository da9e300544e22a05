import { FACTS_DAYS, FACTS_SHOWN, UNUSUAL_AMOUNT, UNUSUAL_TOTAL } from '../domain/batch/facts.js';
import { TERMINAL_BATCH_STATES } from '../domain/batch/states.js';
import { FACTS, type FactStore, type UnusualItem } from '../operations/stores/facts.js';
import { type batch_facts, Prisma } from '../prisma/generated/client.js';
import { exclusive, factsKey } from './transaction/locks.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { arrayText, tableOf } from './transaction/table.js';

export const facts = tableOf<batch_facts>()(FACTS);

/** Items that are compared exactly with their payee's median: the largest of those that are ten times above any earlier payment. */
const COMPARED_MAX = 1_000;

/** Earlier batches of a funding account whose median is the usual one. */
const USUAL_BATCHES = 50;

const DAY_MS = 86_400_000;

/** The smallest UUIDv7 of a moment: ids carry the time at which they were made. */
const firstIdOf = (at: Date): string => `${at.getTime().toString(16).padStart(12, '0')}${'0'.repeat(20)}`;

/**
 * What batches of one tenant are like beside earlier ones. Rows are looked up by their keys with LATERAL, because right after an ingest
 * the planner takes big tables for empty ones. Items come in the order of their payees, so that neighbours share pages of the index.
 */
export const factStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): FactStore => {
  const since = firstIdOf(new Date(now.getTime() - FACTS_DAYS * DAY_MS));
  const ended = [...TERMINAL_BATCH_STATES];

  /** CTEs from `mine` (ordinal, payee_id, amount, reference) to `repeats` (ordinal, batch_id): each repeated item once. */
  const repeats = (batchId: string | null, currency: Prisma.Sql) => Prisma.sql`
    equal AS MATERIALIZED (
      SELECT m.ordinal, m.reference, s.batch_id, s.ordinal AS other FROM mine m CROSS JOIN LATERAL (
        SELECT e.batch_id, e.ordinal FROM payment_seen e
        WHERE e.tenant_id = ${tenantId}::uuid AND e.payee_id = m.payee_id AND e.amount = m.amount
          AND e.reference_hash = hashtextextended(m.reference, 0) AND e.batch_id >= ${since}::uuid
          AND e.batch_id IS DISTINCT FROM ${batchId}::uuid OFFSET 0) s
    ), earlier AS MATERIALIZED (
      SELECT d.batch_id, b.ended FROM (SELECT DISTINCT batch_id FROM equal) d CROSS JOIN LATERAL (
        SELECT c.state = ANY (${ended}::text[]) AS ended FROM payout_batch p
        JOIN batch_control c ON c.tenant_id = p.tenant_id AND c.batch_id = p.id
        WHERE p.tenant_id = ${tenantId}::uuid AND p.id = d.batch_id AND p.currency = (${currency}) AND c.state <> 'receiving' LIMIT 1) b
    ), repeats AS MATERIALIZED (
      SELECT DISTINCT ON (e.ordinal) e.ordinal, e.batch_id FROM equal e JOIN earlier b ON b.batch_id = e.batch_id
      CROSS JOIN LATERAL (
        SELECT i.state, i.reference FROM payout_item i
        WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = e.batch_id AND i.ordinal = e.other LIMIT 1) i
      WHERE i.reference = e.reference
        AND (i.state IN ('submitting', 'unknown', 'submitted', 'paid') OR (i.state = 'pending' AND NOT b.ended))
      ORDER BY e.ordinal, e.batch_id DESC
    )`;
  const MOST = Prisma.sql`(SELECT r.batch_id FROM repeats r GROUP BY r.batch_id ORDER BY count(*) DESC, r.batch_id DESC LIMIT 1)`;

  /** The newest batch of a file, the given one apart, with a payment that is paid or may be. */
  const sameFile = (sha256: Prisma.Sql, batchId: string | null) => Prisma.sql`
    SELECT p.id FROM payout_batch p
    JOIN batch_control c ON c.tenant_id = p.tenant_id AND c.batch_id = p.id
    JOIN batch_counter n ON n.tenant_id = p.tenant_id AND n.batch_id = p.id
    WHERE p.tenant_id = ${tenantId}::uuid AND p.source_sha256 = ${sha256} AND p.id IS DISTINCT FROM ${batchId}::uuid
      AND c.state <> 'receiving' AND (NOT c.state = ANY (${ended}::text[]) OR n.paid > 0)
    ORDER BY p.id DESC LIMIT 1`;

  return {
    async seal(batchId, contentVersion) {
      await sql.run('lock')`SELECT ${exclusive(factsKey(tenantId))}`;
      const batch = Prisma.sql`SELECT b.currency FROM payout_batch b WHERE b.tenant_id = ${tenantId}::uuid AND b.id = ${batchId}::uuid`;
      const row = await sql.row('set')`
        WITH mine AS MATERIALIZED (
          SELECT i.ordinal, i.payee_id, i.destination_id, i.amount, i.reference FROM payout_item i
          WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state <> 'excluded' ORDER BY i.payee_id
        ), ${repeats(batchId, batch)}, about AS MATERIALIZED (
          SELECT m.ordinal, m.payee_id, m.destination_id, m.amount, p.first_paid_at, p.last_paid_destination_id, p.created_at, l.least,
            p.last_paid_destination_id <> m.destination_id AS changed
          FROM mine m CROSS JOIN LATERAL (
            SELECT y.first_paid_at, y.last_paid_destination_id, y.created_at FROM payee y
            WHERE y.tenant_id = ${tenantId}::uuid AND y.id = m.payee_id LIMIT 1) p
          LEFT JOIN LATERAL (
            SELECT e.amount AS least FROM payment_seen e WHERE e.tenant_id = ${tenantId}::uuid AND e.payee_id = m.payee_id
            ORDER BY e.amount LIMIT 1) l ON p.first_paid_at IS NOT NULL
        ), unusual AS MATERIALIZED (
          SELECT a.ordinal, a.amount, u.median FROM (
            SELECT ordinal, payee_id, amount FROM about WHERE amount > ${UNUSUAL_AMOUNT}::bigint * least ORDER BY amount DESC, ordinal LIMIT ${COMPARED_MAX}
          ) a CROSS JOIN LATERAL (
            SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY e.amount) AS median FROM payment_seen e
            CROSS JOIN LATERAL (SELECT 1 FROM payout_item i
              WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = e.batch_id AND i.ordinal = e.ordinal AND i.state = 'paid' LIMIT 1) i
            CROSS JOIN LATERAL (SELECT 1 FROM payout_batch b
              WHERE b.tenant_id = ${tenantId}::uuid AND b.id = e.batch_id AND b.currency = (${batch}) LIMIT 1) b
            WHERE e.tenant_id = ${tenantId}::uuid AND e.payee_id = a.payee_id AND e.batch_id >= ${since}::uuid AND e.batch_id <> ${batchId}::uuid
          ) u WHERE a.amount > ${UNUSUAL_AMOUNT}::bigint * u.median
        ), usual AS MATERIALIZED (
          SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY t.total) AS total FROM (
            SELECT t.total FROM payout_batch mine
            JOIN payout_batch b ON b.tenant_id = mine.tenant_id AND b.funding_account_id = mine.funding_account_id
            JOIN batch_control c ON c.tenant_id = b.tenant_id AND c.batch_id = b.id
            JOIN batch_content t ON t.tenant_id = b.tenant_id AND t.batch_id = b.id AND t.content_version = c.content_version
            WHERE mine.tenant_id = ${tenantId}::uuid AND mine.id = ${batchId}::uuid AND b.id >= ${since}::uuid AND b.id <> ${batchId}::uuid
              AND c.state IN ('executing', 'completed')
            ORDER BY b.id DESC LIMIT ${USUAL_BATCHES}
          ) t
        ), counted AS (
          SELECT count(DISTINCT payee_id) FILTER (WHERE first_paid_at IS NULL)::int AS new_payees,
            count(DISTINCT payee_id) FILTER (WHERE created_at >= date_trunc('day', now(), 'UTC'))::int AS first_seen,
            count(DISTINCT destination_id) FILTER (WHERE changed)::int AS changed, coalesce(sum(amount), 0)::bigint AS total
          FROM about
        )
        INSERT INTO batch_facts (tenant_id, batch_id, content_version, same_file_batch_id, repeated, repeated_batch_id, new_payees, first_seen_payees,
          changed, unusual, usual_total, shown)
        SELECT ${tenantId}::uuid, ${batchId}::uuid, ${contentVersion}::int,
          (${sameFile(Prisma.sql`(SELECT b.source_sha256 FROM payout_batch b WHERE b.tenant_id = ${tenantId}::uuid AND b.id = ${batchId}::uuid)`, batchId)}),
          (SELECT count(*)::int FROM repeats), ${MOST}, c.new_payees, c.first_seen, c.changed, (SELECT count(*)::int FROM unusual),
          (SELECT u.total FROM usual u WHERE c.total > ${UNUSUAL_TOTAL}::bigint * u.total),
          jsonb_build_object(
            'changed', (SELECT coalesce(jsonb_agg(jsonb_build_array(s.ordinal, s.last_paid_destination_id) ORDER BY s.ordinal), '[]') FROM (
              SELECT * FROM (SELECT DISTINCT ON (a.destination_id) a.ordinal, a.last_paid_destination_id FROM about a WHERE a.changed
                ORDER BY a.destination_id, a.ordinal) d ORDER BY d.ordinal LIMIT ${FACTS_SHOWN}) s),
            'unusual', (SELECT coalesce(jsonb_agg(jsonb_build_array(s.ordinal, s.median) ORDER BY s.amount DESC, s.ordinal), '[]') FROM (
              SELECT * FROM unusual ORDER BY amount DESC, ordinal LIMIT ${FACTS_SHOWN}) s))
        FROM counted c
        RETURNING ${facts.list()}`;
      if (!row) throw new Error(`the facts of batch ${batchId} were not sealed`);
      return facts.row(row);
    },

    async get(batchId, contentVersion) {
      const key = { tenant_id: tenantId, batch_id: batchId, content_version: contentVersion };
      const row = await orm.batch_facts.findUnique({ where: { tenant_id_batch_id_content_version: key } });
      return row && facts.row(row);
    },

    async sameFile(sha256) {
      const row = await sql.row<{ id: string }>('join')`${sameFile(Prisma.sql`${sha256}::bytea`, null)}`;
      return row?.id ?? null;
    },

    async repeatsOf(payments, currency) {
      const row = await sql.row<{ count: number; batch_id: string | null }>('set')`
        WITH mine AS MATERIALIZED (
          SELECT n.ordinal, p.id AS payee_id, n.amount, n.reference
          FROM unnest(${payments.map((one) => one.payeeId)}::uuid[], ${payments.map((one) => one.payeeReference)}::text[],
            ${arrayText(payments.map((one) => one.amount))}::bigint[], ${payments.map((one) => one.reference)}::text[])
            WITH ORDINALITY AS n (payee_id, payee_reference, amount, reference, ordinal)
          CROSS JOIN LATERAL (
            SELECT n.payee_id AS id WHERE n.payee_id IS NOT NULL
            UNION ALL
            (SELECT y.id FROM payee y WHERE n.payee_id IS NULL AND y.tenant_id = ${tenantId}::uuid AND y.reference = n.payee_reference LIMIT 1)) p
          ORDER BY p.id
        ), ${repeats(null, Prisma.sql`SELECT ${currency}::text`)}
        SELECT count(*)::int AS count, ${MOST} AS batch_id FROM repeats`;
      return row?.batch_id ? { count: row.count, batchId: row.batch_id } : null;
    },

    async changedDestinations(batchId, shown) {
      const rows = await sql.rows<{ payee_reference: string; from: string; to: string; changed_by: string | null; changed_at: Date }>('join')`
        SELECT p.reference AS payee_reference, o.masked AS "from", n.masked AS "to", n.created_by AS changed_by, n.created_at AS changed_at
        FROM unnest(${arrayText(shown.map(([ordinal]) => ordinal))}::int[], ${shown.map(([, from]) => from)}::uuid[])
          WITH ORDINALITY AS w (ordinal, from_id, place)
        JOIN payout_item i ON i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal = w.ordinal
        JOIN payee p ON p.tenant_id = i.tenant_id AND p.id = i.payee_id
        JOIN payee_destination n ON n.tenant_id = i.tenant_id AND n.id = i.destination_id
        JOIN payee_destination o ON o.tenant_id = i.tenant_id AND o.id = w.from_id
        ORDER BY w.place`;
      return rows.map((row) => ({
        ...{ payeeReference: row.payee_reference, from: row.from, to: row.to },
        ...{ changedBy: row.changed_by, changedAt: row.changed_at },
      }));
    },

    async unusualItems(batchId, shown) {
      const rows = await sql.rows<{ payee_reference: string; amount: bigint; median: bigint }>('join')`
        SELECT p.reference AS payee_reference, i.amount, w.median
        FROM unnest(${arrayText(shown.map(([ordinal]) => ordinal))}::int[], ${arrayText(shown.map(([, median]) => median))}::bigint[])
          WITH ORDINALITY AS w (ordinal, median, place)
        JOIN payout_item i ON i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal = w.ordinal
        JOIN payee p ON p.tenant_id = i.tenant_id AND p.id = i.payee_id
        ORDER BY w.place`;
      return rows.map((row): UnusualItem => ({ payeeReference: row.payee_reference, amount: row.amount, median: row.median }));
    },
  };
};
