import { FACTS_DAYS, FACTS_SHOWN, UNUSUAL_AMOUNT, UNUSUAL_TOTAL } from '../domain/batch/facts.js';
import { TERMINAL_BATCH_STATES } from '../domain/batch/states.js';
import type { ItemState } from '../domain/item/states.js';
import { ERRORS_MAX } from '../domain/result.js';
import { FACTS, type FactStore, type FactsRow } from '../operations/stores/facts.js';
import type { ShownRepeat } from '../operations/stores/shown-facts.js';
import { type batch_facts, Prisma } from '../prisma/generated/client.js';
import { payeeDetailsOf, shownFactStore } from './shown-facts.js';
import { exclusive, factsKey } from './transaction/locks.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

export const facts = tableOf<batch_facts>()(FACTS);
const { contentVersion: _version, sealedAt: _at, ...FOUND_OF } = FACTS;
const FOUND = Object.keys(FOUND_OF) as (keyof typeof FOUND_OF)[];
type Found = Pick<FactsRow, keyof typeof FOUND_OF>;

/** Items that are compared exactly with their payee's median: the largest of those that are ten times above any earlier payment. */
const COMPARED_MAX = 1_000;

/** Earlier batches of a funding account whose median is the usual one. */
const USUAL_BATCHES = 50;

const DAY_MS = 86_400_000;

/** Facts, with how many sealings of the workspace they know of, and whether an item goes to an account that its payee was not paid at last. */
type Seen = Found & { place: bigint; elsewhere: boolean; first_repeats: ShownRepeat[] };

interface StoredRepeats {
  count: number;
  earlier: [batchId: string, count: number][];
  first: [place: number, batchId: string, ordinal: number, state: ItemState][];
}

/** The smallest UUIDv7 of a moment: ids carry the time at which they were made. */
const firstIdOf = (at: Date): string => `${at.getTime().toString(16).padStart(12, '0')}${'0'.repeat(20)}`;

/**
 * What batches of one tenant are like beside earlier ones. Rows are looked up by their keys with LATERAL, because right after an ingest
 * the planner takes big tables for empty ones. Items come in the order of their payees, so that neighbours share pages of the index.
 */
export const factStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): FactStore => {
  const since = firstIdOf(new Date(now.getTime() - FACTS_DAYS * DAY_MS));
  const ended = [...TERMINAL_BATCH_STATES];

  /** What `payment_seen` keeps of a payment: `sluice_see_payments` of the database hashes the same. */
  const keyOf = (payment: Prisma.Sql) => Prisma.sql`hashtextextended(${payment}, uuid_hash_extended(${tenantId}::uuid, 0))`;
  const payment = (payeeReference: string, item: string) => Prisma.raw(`${payeeReference} || ' ' || ${item}.amount || ' ' || ${item}.reference`);

  /**
   * CTEs from `mine` (key, each once) to `repeats` (count, place, amount, batch_id, ordinal, state): each different payment that repeats
   * another once, with how many of `asked` (which, place) are so, the first of their places, and the newest item that it equals. `said` says
   * what the other item `i` is (which), in the same words. Keys are asked for once, and payments are grouped and not paired, because two
   * batches may have very many equal ones, and keys that agree by chance or on purpose.
   */
  const repeats = (batchId: string | null, currency: Prisma.Sql, asked: Prisma.Sql, said: Prisma.Sql) => Prisma.sql`
    equal AS MATERIALIZED (
      SELECT s.batch_id, s.ordinal FROM sluice_seen_payments(ARRAY(SELECT m.key FROM mine m)) s
      WHERE s.batch_id >= ${since}::uuid AND s.batch_id IS DISTINCT FROM ${batchId}::uuid
    ), earlier AS MATERIALIZED (
      SELECT d.batch_id, b.ended FROM (SELECT DISTINCT batch_id FROM equal) d CROSS JOIN LATERAL (
        SELECT c.state = ANY (${ended}::text[]) AS ended FROM payout_batch p
        JOIN batch_control c ON c.tenant_id = p.tenant_id AND c.batch_id = p.id
        WHERE p.tenant_id = ${tenantId}::uuid AND p.id = d.batch_id AND p.currency = (${currency}) AND c.state <> 'receiving' LIMIT 1) b
    ), theirs AS MATERIALIZED (
      SELECT DISTINCT ON (w.which) w.which, e.batch_id, e.ordinal, i.state, i.amount FROM equal e JOIN earlier b ON b.batch_id = e.batch_id
      CROSS JOIN LATERAL (
        SELECT i.state, i.payee_id, i.amount, i.reference FROM payout_item i
        WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = e.batch_id AND i.ordinal = e.ordinal LIMIT 1) i
      CROSS JOIN LATERAL (${said}) w
      WHERE i.state IN ('submitting', 'unknown', 'submitted', 'paid') OR (i.state = 'pending' AND NOT b.ended)
      ORDER BY w.which, e.batch_id DESC, e.ordinal
    ), repeats AS MATERIALIZED (
      SELECT count(*) - 1 AS count, min(w.place) AS place, max(w.amount) AS amount,
        (array_agg(w.batch_id) FILTER (WHERE w.batch_id IS NOT NULL))[1] AS batch_id, max(w.ordinal) AS ordinal, max(w.state) AS state
      FROM (
        SELECT t.which, t.batch_id, t.ordinal, t.state, t.amount, NULL::int AS place FROM theirs t
        UNION ALL
        SELECT m.which, NULL, NULL, NULL, NULL, m.place FROM (${asked}) m WHERE EXISTS (SELECT FROM theirs)
      ) w GROUP BY w.which HAVING count(w.batch_id) = 1 AND count(*) > 1
    )`;
  const REPEATED = Prisma.sql`(SELECT coalesce(sum(r.count), 0)::int FROM repeats r)`;
  const MOST = Prisma.sql`(SELECT r.batch_id FROM repeats r GROUP BY r.batch_id ORDER BY sum(r.count) DESC, r.batch_id DESC LIMIT 1)`;
  /** The earlier batches and how many payments each has, those with most first, as JSON. */
  const EARLIER = Prisma.sql`(
    SELECT coalesce(jsonb_agg(jsonb_build_array(s.batch_id, s.count) ORDER BY s.count DESC, s.batch_id DESC), '[]') FROM (
      SELECT r.batch_id, sum(r.count) AS count FROM repeats r GROUP BY r.batch_id ORDER BY 2 DESC, 1 DESC LIMIT ${FACTS_SHOWN}) s)`;
  /** The first repeats in an order of `s`, as JSON. */
  const firstRepeats = (order: string, count: number) => Prisma.sql`(
    SELECT coalesce(jsonb_agg(jsonb_build_array(s.place, s.count, s.batch_id, s.ordinal) ORDER BY ${Prisma.raw(order)}), '[]') FROM (
      SELECT * FROM repeats s ORDER BY ${Prisma.raw(order)} LIMIT ${count}) s)`;

  /** The newest batch of a file, the given one apart, with a payment that is paid or may be. */
  const sameFile = (sha256: Prisma.Sql, batchId: string | null) => Prisma.sql`
    SELECT p.id FROM payout_batch p
    JOIN batch_control c ON c.tenant_id = p.tenant_id AND c.batch_id = p.id
    JOIN batch_counter n ON n.tenant_id = p.tenant_id AND n.batch_id = p.id
    WHERE p.tenant_id = ${tenantId}::uuid AND p.source_sha256 = ${sha256} AND p.id IS DISTINCT FROM ${batchId}::uuid
      AND c.state <> 'receiving' AND (NOT c.state = ANY (${ended}::text[]) OR n.paid > 0)
    ORDER BY p.id DESC LIMIT 1`;

  /** The callers' references of payees, by id. */
  const referencesOf = async (payeeIds: readonly string[]): Promise<Map<string, string>> => {
    if (payeeIds.length === 0) return new Map();
    const rows = await sql.rows<{ id: string; reference: string }>('set')`
      SELECT p.* FROM unnest(${[...new Set(payeeIds)]}::uuid[]) AS w (id)
      CROSS JOIN LATERAL (SELECT y.id, y.reference FROM payee y WHERE y.tenant_id = ${tenantId}::uuid AND y.id = w.id LIMIT 1) p`;
    return new Map(rows.map(({ id, reference }) => [id, reference]));
  };

  /** What tells accounts apart: the beginning of a fingerprint, which `payee_account` has too. */
  const accountOf = (destination: string) => Prisma.raw(`substr(${destination}.fingerprint, 1, 16)`);

  /** The first destinations of `about` that are so, as JSON. */
  const firstOf = (isSo: Prisma.Sql, shown: Prisma.Sql) => Prisma.sql`(
    SELECT coalesce(jsonb_agg(${shown} ORDER BY s.ordinal), '[]') FROM (
      SELECT * FROM (SELECT DISTINCT ON (a.destination_id) a.* FROM about a WHERE ${isSo} ORDER BY a.destination_id, a.ordinal) d
      ORDER BY d.ordinal LIMIT ${FACTS_SHOWN}) s)`;

  /** The destination version of an item `m`, when its payee `p` was last paid with another one, and whether that has the same account and payee. */
  const OTHER_VERSION = Prisma.sql`
    SELECT ${accountOf('n')} AS account, CASE WHEN n.kind = 'iban' THEN substr(n.masked, 6, 2) END AS country,
      ${accountOf('n')} IS DISTINCT FROM ${accountOf('o')} AS elsewhere, ${payeeDetailsOf('n')} <> ${payeeDetailsOf('o')} AS otherwise
    FROM payee_destination n LEFT JOIN LATERAL (
      SELECT l.fingerprint FROM payee_destination l WHERE l.tenant_id = ${tenantId}::uuid AND l.id = p.last_paid_destination_id LIMIT 1) o ON true
    WHERE p.last_paid_destination_id IS DISTINCT FROM m.destination_id AND n.tenant_id = ${tenantId}::uuid AND n.id = m.destination_id LIMIT 1`;
  /** Another payee than that of the item `m` with the account of `d`. */
  const OTHER_PAYEE = Prisma.sql`
    SELECT o.payee_id FROM payee_account o WHERE o.tenant_id = ${tenantId}::uuid AND o.account = d.account AND o.payee_id <> m.payee_id LIMIT 1`;

  /** The facts of a batch as of now. */
  const look = async (batchId: string): Promise<Seen> => {
    const batch = Prisma.sql`SELECT b.currency FROM payout_batch b WHERE b.tenant_id = ${tenantId}::uuid AND b.id = ${batchId}::uuid`;
    const mySha256 = Prisma.sql`(SELECT b.source_sha256 FROM payout_batch b WHERE b.tenant_id = ${tenantId}::uuid AND b.id = ${batchId}::uuid)`;
    const row = await sql.row<object & Pick<Seen, 'place' | 'elsewhere' | 'first_repeats'>>('set')`
      WITH about AS MATERIALIZED (
        SELECT m.ordinal, m.payee_id, m.destination_id, m.amount, p.first_paid_at, p.last_paid_destination_id, p.created_at, p.least_paid,
          d.elsewhere, p.last_paid_destination_id IS NOT NULL AND d.elsewhere AS changed, d.otherwise, d.elsewhere AND d.country <> p.country AS in_other_country,
          CASE WHEN d.elsewhere THEN (${OTHER_PAYEE}) END AS other_payee_id, ${keyOf(payment('p.reference', 'm'))} AS key
        FROM (
          SELECT i.ordinal, i.payee_id, i.destination_id, i.amount, i.reference FROM payout_item i
          WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state <> 'excluded' ORDER BY i.payee_id
        ) m CROSS JOIN LATERAL (
          SELECT y.reference, y.country, y.first_paid_at, y.last_paid_destination_id, y.created_at, y.least_paid FROM payee y
          WHERE y.tenant_id = ${tenantId}::uuid AND y.id = m.payee_id LIMIT 1) p
        LEFT JOIN LATERAL (${OTHER_VERSION}) d ON true
      ), mine AS MATERIALIZED (
        SELECT a.key, count(*)::int AS times, min(a.ordinal) AS ordinal, min(a.amount) AS amount FROM about a GROUP BY a.key
      ),
      ${repeats(
        batchId,
        batch,
        Prisma.sql`
          SELECT ${payment('i.payee_id', 'i')} AS which, i.ordinal AS place FROM payout_item i
          WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state <> 'excluded'`,
        Prisma.sql`SELECT ${payment('i.payee_id', 'i')} AS which`,
      )}, unusual AS MATERIALIZED (
        SELECT a.ordinal, a.amount, u.median FROM (
          SELECT ordinal, payee_id, amount FROM about WHERE amount > ${UNUSUAL_AMOUNT}::bigint * least_paid ORDER BY amount DESC, ordinal LIMIT ${COMPARED_MAX}
        ) a CROSS JOIN LATERAL (
          SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY i.amount) AS median FROM payment_seen e
          CROSS JOIN LATERAL (SELECT i.amount FROM payout_item i
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
          count(DISTINCT payee_id) FILTER (WHERE created_at >= date_trunc('day', now(), 'UTC'))::int AS first_seen_payees,
          count(DISTINCT destination_id) FILTER (WHERE changed)::int AS changed,
          count(DISTINCT destination_id) FILTER (WHERE otherwise)::int AS changed_payees,
          count(DISTINCT destination_id) FILTER (WHERE in_other_country)::int AS foreign_accounts,
          count(DISTINCT destination_id) FILTER (WHERE other_payee_id IS NOT NULL)::int AS shared_accounts, coalesce(sum(amount), 0)::bigint AS total,
          coalesce(bool_or(elsewhere), false) AS elsewhere
        FROM about
      )
      SELECT (SELECT coalesce(max(f.place), 0) FROM batch_facts f WHERE f.tenant_id = ${tenantId}::uuid) AS place,
        (${sameFile(mySha256, batchId)}) AS same_file_batch_id, ${REPEATED} AS repeated, ${MOST} AS repeated_batch_id,
        ${firstRepeats('s.place', ERRORS_MAX)} AS first_repeats,
        (SELECT coalesce(sum(m.times - 1), 0)::int FROM mine m) AS repeated_within, c.new_payees, c.first_seen_payees, c.changed, c.changed_payees,
        c.foreign_accounts, c.shared_accounts, c.elsewhere, (SELECT count(*)::int FROM unusual) AS unusual,
        (SELECT u.total FROM usual u WHERE c.total > ${UNUSUAL_TOTAL}::bigint * u.total) AS usual_total,
        jsonb_build_object(
          'changed', ${firstOf(Prisma.sql`a.changed`, Prisma.sql`jsonb_build_array(s.ordinal, s.last_paid_destination_id)`)},
          'payees', ${firstOf(Prisma.sql`a.otherwise`, Prisma.sql`jsonb_build_array(s.ordinal, s.last_paid_destination_id)`)},
          'foreign', ${firstOf(Prisma.sql`a.in_other_country`, Prisma.sql`s.ordinal`)},
          'shared', ${firstOf(Prisma.sql`a.other_payee_id IS NOT NULL`, Prisma.sql`jsonb_build_array(s.ordinal, s.other_payee_id)`)},
          'repeats', ${firstRepeats('s.amount DESC, s.place', FACTS_SHOWN)},
          'earlier', ${EARLIER},
          'within', (SELECT coalesce(jsonb_agg(jsonb_build_array(s.ordinal, s.times) ORDER BY s.amount DESC, s.ordinal), '[]') FROM (
            SELECT * FROM mine WHERE times > 1 ORDER BY amount DESC, ordinal LIMIT ${FACTS_SHOWN}) s),
          'unusual', (SELECT coalesce(jsonb_agg(jsonb_build_array(s.ordinal, s.median) ORDER BY s.amount DESC, s.ordinal), '[]') FROM (
            SELECT * FROM unusual ORDER BY amount DESC, ordinal LIMIT ${FACTS_SHOWN}) s)) AS shown
      FROM counted c`;
    if (!row) throw new Error(`the facts of batch ${batchId} were not found`);
    return { ...facts.row(row), place: row.place, elsewhere: row.elsewhere, first_repeats: row.first_repeats };
  };

  /**
   * Whether the facts may miss something of a batch that was sealed since: that it has a payment of this one, or brought an account of this
   * one for another payee. Nothing is read when none was sealed.
   */
  const missesNewer = async (batchId: string, { place, elsewhere }: Seen): Promise<boolean> => {
    const newer = Prisma.sql`f.tenant_id = ${tenantId}::uuid AND f.place > ${place} AND f.batch_id <> ${batchId}::uuid`;
    if (await meetsNewer(batchId, newer)) return true;
    return elsewhere && (await sharesNow(batchId, newer));
  };

  /** Payments of a batch that is too old for anybody's question may be forgotten. Each key is asked for once, for many payments are equal. */
  const meetsNewer = async (batchId: string, newer: Prisma.Sql): Promise<boolean> => {
    const row = await sql.row<{ meets: boolean }>('set')`
      SELECT EXISTS (
        SELECT FROM sluice_seen_payments(ARRAY(
          SELECT t.key FROM (SELECT DISTINCT f.batch_id FROM batch_facts f WHERE ${newer}) f
          CROSS JOIN LATERAL (SELECT e.key FROM payment_seen e WHERE e.tenant_id = ${tenantId}::uuid AND e.batch_id = f.batch_id OFFSET 0) t)) s
        WHERE s.batch_id = ${batchId}::uuid OR ${batchId}::uuid < ${since}::uuid
      ) AS meets`;
    return row?.meets !== false;
  };

  /** An account that was shared before counts too: facts that were found once more are the same, and seldom is one shared. */
  const sharesNow = async (batchId: string, newer: Prisma.Sql): Promise<boolean> => {
    const row = await sql.row<{ shares: boolean }>('set')`
      SELECT EXISTS (SELECT FROM batch_facts f WHERE ${newer}) AND EXISTS (
        SELECT FROM (
          SELECT DISTINCT i.payee_id, i.destination_id FROM payout_item i
          WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state <> 'excluded' ORDER BY i.payee_id OFFSET 0
        ) m CROSS JOIN LATERAL (
          SELECT y.last_paid_destination_id FROM payee y WHERE y.tenant_id = ${tenantId}::uuid AND y.id = m.payee_id LIMIT 1) p
        CROSS JOIN LATERAL (SELECT v.account FROM (${OTHER_VERSION}) v WHERE v.elsewhere) d
        CROSS JOIN LATERAL (${OTHER_PAYEE}) o
      ) AS shares`;
    return row?.shares !== false;
  };

  return {
    async seal(batchId, contentVersion) {
      const seen = await look(batchId);
      await sql.run('lock')`SELECT ${exclusive(factsKey(tenantId))}`;
      const { place: _, elsewhere: __, first_repeats, ...found } = (await missesNewer(batchId, seen)) ? await look(batchId) : seen;
      const row = await sql.row('set')`
        INSERT INTO batch_facts (tenant_id, batch_id, content_version, place, ${facts.names(FOUND)})
        SELECT ${tenantId}::uuid, ${batchId}::uuid, ${contentVersion}::int,
          (SELECT coalesce(max(f.place), 0) + 1 FROM batch_facts f WHERE f.tenant_id = ${tenantId}::uuid), ${facts.values(FOUND, found)}
        RETURNING ${facts.list()}`;
      if (!row) throw new Error(`the facts of batch ${batchId} were not sealed`);
      return { ...facts.row(row), firstRepeats: first_repeats };
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
      const known = await referencesOf(payments.flatMap(({ payeeId }) => payeeId ?? []));
      // A payee's reference has no blanks, and no reference has a control character, so each line says one payment.
      const named = payments.flatMap(({ payeeId, payeeReference, amount, reference }, place) => {
        const payee = payeeId === null ? payeeReference : known.get(payeeId);
        return payee ? { place, payee, amount, line: `${payee} ${amount} ${reference}` } : [];
      });
      const lines = named.map(({ line }) => line).join('\n');
      const asked = Prisma.sql`unnest(string_to_array(${lines}, E'\n')) WITH ORDINALITY AS l (which, place)`;
      const key = keyOf(Prisma.sql`l.which`);
      // Mostly there is none, and keys alone are sorted in memory.
      const any = await sql.row('set')`
        SELECT 1 FROM sluice_seen_payments(ARRAY(SELECT ${key} FROM ${asked})) s
        WHERE s.batch_id >= ${since}::uuid LIMIT 1`;
      if (!any) return null;
      const row = await sql.row<StoredRepeats>('set')`
        WITH mine AS (SELECT DISTINCT ${key} AS key FROM ${asked}),
        ${repeats(
          null,
          Prisma.sql`SELECT ${currency}::text`,
          Prisma.sql`SELECT l.which, l.place::int - 1 AS place FROM ${asked}`,
          Prisma.sql`
            SELECT ${payment('y.reference', 'i')} AS which FROM payee y WHERE y.tenant_id = ${tenantId}::uuid AND y.id = i.payee_id LIMIT 1`,
        )}
        SELECT ${REPEATED} AS count, ${EARLIER} AS earlier, (
          SELECT coalesce(jsonb_agg(jsonb_build_array(s.place, s.batch_id, s.ordinal, s.state) ORDER BY s.place), '[]') FROM (
            SELECT * FROM repeats ORDER BY place LIMIT ${ERRORS_MAX}) s) AS first`;
      if (!row || row.count === 0) return null;
      const first = row.first.flatMap(([at, batchId, ordinal, state]) => {
        const mine = named[at];
        return mine ? { place: mine.place, payeeReference: mine.payee, amount: mine.amount, equals: { batchId, ordinal, state } } : [];
      });
      return { count: row.count, earlier: row.earlier, first };
    },

    ...shownFactStore(sql, tenantId, since),
  };
};
