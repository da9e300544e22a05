import { FACTS_SHOWN } from '../domain/batch/facts.js';
import type { ItemState } from '../domain/item/states.js';
import type { RepeatedItem, ShownFactStore, UnusualItem } from '../operations/stores/shown-facts.js';
import { Prisma } from '../prisma/generated/client.js';
import type { Sql } from './transaction/sql.js';
import { arrayText } from './transaction/table.js';

/** A held payee, with the sums over all of them. */
interface StoredHeld {
  reference: string;
  held_at: Date;
  person_id: string | null;
  api_key_id: string | null;
  reason: string | null;
  count: number;
  payments: number;
  amount: bigint;
}

interface StoredSame {
  ordinal: number;
  payee_reference: string;
  amount: bigint;
  reference: string;
  times: number;
  their_batch: string;
  their_ordinal: number;
  state: ItemState;
}

interface StoredChanged {
  payee_id: string;
  payee_reference: string;
  from_id: string;
  to_id: string;
  person: string | null;
  key: string | null;
  changed_at: Date;
}

/** What tells name, type and country of versions of a payee apart: the end of a fingerprint. */
export const payeeDetailsOf = (destination: string) => Prisma.raw(`substr(${destination}.fingerprint, 33)`);

/**
 * The single cases that people are shown, by the ordinals that sealing kept, and held payees as of now. `since`: the first id of the time
 * that facts look back.
 */
export const shownFactStore = (sql: Sql, tenantId: string, since: string): ShownFactStore => {
  /** The items of `w` (ordinal) with their payees, each looked up by its key: a join would read all items of a batch. */
  const itemsOf = (batchId: string) => Prisma.sql`
    CROSS JOIN LATERAL (SELECT i.payee_id, i.destination_id, i.amount, i.reference FROM payout_item i
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal = w.ordinal LIMIT 1) i
    CROSS JOIN LATERAL (${payeeOf('i.payee_id')}) p`;
  const payeeOf = (id: string) => Prisma.sql`
    SELECT y.id, y.reference, y.country FROM payee y WHERE y.tenant_id = ${tenantId}::uuid AND y.id = ${Prisma.raw(id)} LIMIT 1`;
  const versionOf = (id: string) => Prisma.sql`
    SELECT v.id, v.version, v.masked, v.fingerprint, v.created_by, v.created_at FROM payee_destination v
    WHERE v.tenant_id = ${tenantId}::uuid AND v.id = ${Prisma.raw(id)} LIMIT 1`;
  const keyOf = (destinationId: string) => Prisma.sql`
    SELECT d.api_key_id FROM payee_destination_key d WHERE d.tenant_id = ${tenantId}::uuid AND d.destination_id = ${Prisma.raw(destinationId)} LIMIT 1`;
  const DESTINATION = Prisma.sql`CROSS JOIN LATERAL (${versionOf('i.destination_id')}) n`;

  return {
    async changedDestinations(batchId, shown) {
      const rows = await sql.rows<{ payee_reference: string; from: string; to: string; person: string | null; key: string | null; changed_at: Date }>(
        'join',
      )`
        SELECT p.reference AS payee_reference, o.masked AS "from", n.masked AS "to", n.created_by AS person, k.api_key_id AS key,
          n.created_at AS changed_at
        FROM unnest(${arrayText(shown.map(([ordinal]) => ordinal))}::int[], ${shown.map(([, from]) => from)}::uuid[])
          WITH ORDINALITY AS w (ordinal, from_id, place)
        ${itemsOf(batchId)}
        ${DESTINATION}
        CROSS JOIN LATERAL (${versionOf('w.from_id')}) o
        LEFT JOIN LATERAL (${keyOf('n.id')}) k ON true
        ORDER BY w.place`;
      return rows.map((row) => ({
        ...{ payeeReference: row.payee_reference, from: row.from, to: row.to },
        ...{ changedBy: { personId: row.person, apiKeyId: row.key }, changedAt: row.changed_at },
      }));
    },

    async changedPayees(batchId, shown) {
      // The first version after all that say otherwise: later ones may have changed the account alone.
      const rows = await sql.rows<StoredChanged>('join')`
        SELECT p.id AS payee_id, p.reference AS payee_reference, w.from_id, n.id AS to_id, c.created_by AS person, k.api_key_id AS key,
          c.created_at AS changed_at
        FROM unnest(${arrayText(shown.map(([ordinal]) => ordinal))}::int[], ${shown.map(([, from]) => from)}::uuid[])
          WITH ORDINALITY AS w (ordinal, from_id, place)
        ${itemsOf(batchId)}
        ${DESTINATION}
        CROSS JOIN LATERAL (
          SELECT c.id, c.created_by, c.created_at FROM payee_destination c
          WHERE c.tenant_id = ${tenantId}::uuid AND c.payee_id = p.id AND c.version <= n.version AND c.version > coalesce((
            SELECT max(b.version) FROM payee_destination b
            WHERE b.tenant_id = ${tenantId}::uuid AND b.payee_id = p.id AND b.version < n.version
              AND ${payeeDetailsOf('b')} <> ${payeeDetailsOf('n')}), 0)
          ORDER BY c.version LIMIT 1) c
        LEFT JOIN LATERAL (${keyOf('c.id')}) k ON true
        ORDER BY w.place`;
      return rows.map((row) => ({
        ...{ payeeId: row.payee_id, payeeReference: row.payee_reference, fromDestinationId: row.from_id, toDestinationId: row.to_id },
        ...{ changedBy: { personId: row.person, apiKeyId: row.key }, changedAt: row.changed_at },
      }));
    },

    async foreignAccounts(batchId, shown) {
      const rows = await sql.rows<{ payee_reference: string; country: string; to: string }>('join')`
        SELECT p.reference AS payee_reference, p.country, n.masked AS "to"
        FROM unnest(${arrayText(shown)}::int[]) WITH ORDINALITY AS w (ordinal, place)
        ${itemsOf(batchId)}
        ${DESTINATION}
        ORDER BY w.place`;
      return rows.map((row) => ({ payeeReference: row.payee_reference, payeeCountry: row.country, to: row.to }));
    },

    async sharedAccounts(batchId, shown) {
      const rows = await sql.rows<{ payee_reference: string; to: string; other_reference: string }>('join')`
        SELECT p.reference AS payee_reference, n.masked AS "to", o.reference AS other_reference
        FROM unnest(${arrayText(shown.map(([ordinal]) => ordinal))}::int[], ${shown.map(([, other]) => other)}::uuid[])
          WITH ORDINALITY AS w (ordinal, other_id, place)
        ${itemsOf(batchId)}
        CROSS JOIN LATERAL (${payeeOf('w.other_id')}) o
        ${DESTINATION}
        ORDER BY w.place`;
      return rows.map((row) => ({ payeeReference: row.payee_reference, to: row.to, otherReference: row.other_reference }));
    },

    async samePayments(batchId, shown) {
      const rows = await sql.rows<StoredSame>('join')`
        SELECT w.ordinal, p.reference AS payee_reference, i.amount, i.reference, w.times, w.their_batch, w.their_ordinal, o.state
        FROM unnest(${arrayText(shown.map(([ordinal]) => ordinal))}::int[], ${arrayText(shown.map(([, times]) => times))}::int[],
          ${shown.map(([, , theirBatch]) => theirBatch)}::uuid[], ${arrayText(shown.map(([, , , theirs]) => theirs))}::int[])
          WITH ORDINALITY AS w (ordinal, times, their_batch, their_ordinal, place)
        ${itemsOf(batchId)}
        CROSS JOIN LATERAL (SELECT o.state FROM payout_item o
          WHERE o.tenant_id = ${tenantId}::uuid AND o.batch_id = w.their_batch AND o.ordinal = w.their_ordinal LIMIT 1) o
        ORDER BY w.place`;
      return rows.map(({ ordinal, payee_reference, amount, reference, times, their_batch, their_ordinal, state }) => ({
        ...{ ordinal, payeeReference: payee_reference, amount, reference, times },
        equals: { batchId: their_batch, ordinal: their_ordinal, state },
      }));
    },

    async repeatedItems(batchId, shown) {
      const rows = await sql.rows<{ payee_reference: string; amount: bigint; reference: string; times: number }>('join')`
        SELECT p.reference AS payee_reference, i.amount, i.reference, w.times
        FROM unnest(${arrayText(shown.map(([ordinal]) => ordinal))}::int[], ${arrayText(shown.map(([, times]) => times))}::int[])
          WITH ORDINALITY AS w (ordinal, times, place)
        ${itemsOf(batchId)}
        ORDER BY w.place`;
      return rows.map(({ payee_reference, ...row }): RepeatedItem => ({ payeeReference: payee_reference, ...row }));
    },

    async heldPayees(batchId) {
      // Few payees are held, so each one's payments are looked for. Those of an old batch may be forgotten, and its items are read.
      const theirs =
        batchId.replaceAll('-', '') < since
          ? Prisma.sql`
            SELECT h.id, i.amount FROM held h JOIN payout_item i ON i.payee_id = h.id
            WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state <> 'excluded'`
          : Prisma.sql`
            SELECT h.id, i.amount FROM held h CROSS JOIN LATERAL (
              SELECT e.batch_id, e.ordinal FROM payment_seen e WHERE e.tenant_id = ${tenantId}::uuid AND e.payee_id = h.id OFFSET 0) s
            CROSS JOIN LATERAL (SELECT i.amount FROM payout_item i
              WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = s.batch_id AND i.ordinal = s.ordinal AND i.state <> 'excluded' LIMIT 1) i
            WHERE s.batch_id = ${batchId}::uuid`;
      const rows = await sql.rows<StoredHeld>('set')`
        WITH held AS MATERIALIZED (
          SELECT y.id, y.reference, y.held_at FROM payee y
          WHERE y.tenant_id = ${tenantId}::uuid AND y.held_at IS NOT NULL
        ), theirs AS MATERIALIZED (
          SELECT t.id, count(*) AS payments, sum(t.amount) AS amount FROM (${theirs}) t GROUP BY t.id
        )
        SELECT h.*, k.person_id, k.api_key_id, k.reason, count(*) OVER ()::int AS count, (sum(t.payments) OVER ())::int AS payments, (sum(t.amount) OVER ())::bigint AS amount
        FROM theirs t JOIN held h ON h.id = t.id
        LEFT JOIN payee_hold k ON k.tenant_id = ${tenantId}::uuid AND k.payee_id = h.id AND k.held_at = h.held_at
        ORDER BY t.amount DESC, h.reference LIMIT ${FACTS_SHOWN}`;
      const { count = 0, payments = 0, amount = 0n } = rows[0] ?? {};
      const shown = rows.map((row) => ({
        ...{ payeeReference: row.reference, heldAt: row.held_at, reason: row.reason },
        heldBy: { personId: row.person_id, apiKeyId: row.api_key_id },
      }));
      return { count, payments, amount, shown };
    },

    async unusualItems(batchId, shown) {
      const rows = await sql.rows<{ payee_reference: string; amount: bigint; median: bigint }>('join')`
        SELECT p.reference AS payee_reference, i.amount, w.median
        FROM unnest(${arrayText(shown.map(([ordinal]) => ordinal))}::int[], ${arrayText(shown.map(([, median]) => median))}::bigint[])
          WITH ORDINALITY AS w (ordinal, median, place)
        ${itemsOf(batchId)}
        ORDER BY w.place`;
      return rows.map((row): UnusualItem => ({ payeeReference: row.payee_reference, amount: row.amount, median: row.median }));
    },
  };
};
