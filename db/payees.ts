import { TERMINAL_ITEM_STATES } from '../domain/item/states.js';
import { membersOf } from '../operations/stores/columns.js';
import { DESTINATION, type DestinationRow, HOLD_OF_PAYEE, PAYEE, type PayeeStore, type PayeeToPay } from '../operations/stores/payees.js';
import { Prisma, type payee, type payee_destination, type payee_hold } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { arrayText, tableOf } from './transaction/table.js';

const payees = tableOf<payee>()(PAYEE);
const NEW = ['id', 'reference', 'payeeType', 'country', 'sealedName'] as const;
const destinations = tableOf<payee_destination>()(DESTINATION);
const NEW_DESTINATION = membersOf(DESTINATION);
const holds = tableOf<payee_hold>()(HOLD_OF_PAYEE);

/** Rows of one INSERT. Larger statements need more memory and are not faster. */
const INSERT_ROWS_MAX = 5_000;

/** A payee, whether its key is there, and its newest destination; null in the columns of what it does not have. */
interface StoredToPay {
  id: string;
  reference: string;
  payee_type: PayeeToPay['payeeType'];
  country: string;
  has_key: boolean | null;
  destination_id: string | null;
  version: number;
  kind: DestinationRow['kind'];
  fingerprint: Uint8Array;
  commitment: Uint8Array;
}

const toPay = ({ id, reference, payee_type, country, has_key, destination_id, version, kind, fingerprint, commitment }: StoredToPay): PayeeToPay => ({
  ...{ id, reference, payeeType: payee_type, country, hasKey: has_key === true },
  newest: destination_id === null ? null : { id: destination_id, payeeId: id, version, kind, fingerprint, commitment },
});

/**
 * Payees of one tenant and the versions of their destinations. What names a person is encrypted. A read of many rows is one
 * statement that looks up every row by its key: `= ANY`, planned while the workspace is small, would filter all of its rows
 * for as long as the plan is kept.
 */
export const payeeStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): PayeeStore => {
  const newestDestinations = async (payeeIds: string[]): Promise<Map<string, DestinationRow>> => {
    const rows = await sql.rows('set')`
      SELECT d.* FROM unnest(${payeeIds}::uuid[]) AS w (id)
      CROSS JOIN LATERAL (
        SELECT ${destinations.list()} FROM payee_destination
        WHERE tenant_id = ${tenantId}::uuid AND payee_id = w.id ORDER BY version DESC LIMIT 1) d`;
    return new Map(rows.map(destinations.row).map((row) => [row.payeeId, row]));
  };

  return {
    get: async (id) => {
      const row = await orm.payee.findUnique({ where: { tenant_id_id: { tenant_id: tenantId, id } } });
      return row && payees.row(row);
    },

    lock: async (id) => {
      const row = await sql.row(
        'lock',
      )`SELECT ${payees.list()} FROM payee WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid FOR NO KEY UPDATE`;
      return row && payees.row(row);
    },

    isPaid: async (id) => {
      const row = await sql.row<{ paid: boolean }>('set')`
        SELECT p.first_paid_at IS NOT NULL OR EXISTS (
          SELECT FROM (
            SELECT e.batch_id, e.ordinal FROM payment_seen e WHERE e.tenant_id = ${tenantId}::uuid AND e.payee_id = p.id OFFSET 0) e
          CROSS JOIN LATERAL (SELECT c.state FROM batch_control c WHERE c.tenant_id = ${tenantId}::uuid AND c.batch_id = e.batch_id LIMIT 1) c
          CROSS JOIN LATERAL (SELECT i.state FROM payout_item i
            WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = e.batch_id AND i.ordinal = e.ordinal LIMIT 1) i
          WHERE c.state = 'executing' AND NOT i.state = ANY (${[...TERMINAL_ITEM_STATES]}::text[])
        ) AS paid
        FROM payee p WHERE p.tenant_id = ${tenantId}::uuid AND p.id = ${id}::uuid`;
      return row?.paid === true;
    },

    correct: async (id, to) => {
      await orm.payee.updateMany({ where: { tenant_id: tenantId, id }, data: payees.stored(to) });
    },

    list: async ({ limit, after, reference }) => {
      const rows = await orm.payee.findMany({
        where: { tenant_id: tenantId, ...(after ? { id: { lt: after } } : {}), ...(reference === undefined ? {} : { reference }) },
        orderBy: { id: 'desc' },
        take: limit + 1,
      });
      return pageOf(rows, limit, payees.row);
    },

    toPay: async (key, values, withNewest) => {
      const [wanted, matches] =
        key === 'reference'
          ? [Prisma.sql`unnest(${[...new Set(values)]}::text[])`, Prisma.sql`reference = w.value`]
          : [Prisma.sql`unnest(${[...new Set(values)]}::uuid[])`, Prisma.sql`id = w.value`];
      const rows = await sql.rows<StoredToPay>('set')`
        SELECT p.id, p.reference, p.payee_type, p.country, k.has_key, d.id AS destination_id, d.version, d.kind, d.fingerprint, d.commitment
        FROM ${wanted} AS w (value)
        CROSS JOIN LATERAL (SELECT id, reference, payee_type, country FROM payee WHERE tenant_id = ${tenantId}::uuid AND ${matches} LIMIT 1) p
        LEFT JOIN LATERAL (
          SELECT wrapped IS NOT NULL AS has_key FROM subject_key WHERE tenant_id = ${tenantId}::uuid AND subject_id = p.id LIMIT 1) k ON true
        LEFT JOIN LATERAL (
          SELECT id, version, kind, fingerprint, commitment FROM payee_destination
          WHERE ${withNewest}::boolean AND tenant_id = ${tenantId}::uuid AND payee_id = p.id ORDER BY version DESC LIMIT 1) d ON true`;
      return rows.map(toPay);
    },

    byIds: async (ids) => {
      const found = await sql.rows('set')`
        SELECT p.* FROM unnest(${[...new Set(ids)]}::uuid[]) AS w (id)
        CROSS JOIN LATERAL (SELECT ${payees.list()} FROM payee WHERE tenant_id = ${tenantId}::uuid AND id = w.id LIMIT 1) p`;
      const rows = found.map(payees.row);
      const newest = await newestDestinations(rows.map(({ id }) => id));
      return new Map(rows.map((row) => [row.id, { payee: row, destination: newest.get(row.id) ?? null }]));
    },

    destinations: async (ids) => {
      const rows = await sql.rows('set')`
        SELECT d.* FROM unnest(${[...new Set(ids)]}::uuid[]) AS w (id)
        CROSS JOIN LATERAL (SELECT ${destinations.list()} FROM payee_destination WHERE tenant_id = ${tenantId}::uuid AND id = w.id LIMIT 1) d`;
      return new Map(rows.map(destinations.row).map((row) => [row.id, row]));
    },

    hold: async (id, by, reason) => {
      await orm.payee.updateMany({ where: { tenant_id: tenantId, id }, data: { held_at: now } });
      await orm.payee_hold.create({ data: { tenant_id: tenantId, ...holds.stored({ payeeId: id, heldAt: now, ...by, reason }) } });
    },

    holds: async (rows) => {
      const held = rows.filter(({ heldAt }) => heldAt !== null);
      if (held.length === 0) return new Map();
      const found = await sql.rows('set')`
        SELECT h.* FROM unnest(${held.map(({ id }) => id)}::uuid[], ${held.map(({ heldAt }) => heldAt)}::timestamptz[]) AS w (id, at)
        CROSS JOIN LATERAL (
          SELECT ${holds.list()} FROM payee_hold WHERE tenant_id = ${tenantId}::uuid AND payee_id = w.id AND held_at = w.at LIMIT 1) h`;
      return new Map(found.map(holds.row).map((row) => [row.payeeId, row]));
    },

    release: async (id) => {
      await orm.payee.updateMany({ where: { tenant_id: tenantId, id }, data: { held_at: null } });
    },

    insert: async (rows) => {
      const inserted = new Set<string>();
      for (let from = 0; from < rows.length; from += INSERT_ROWS_MAX) {
        const written = await sql.rows<{ reference: string }>('conflict')`
          INSERT INTO payee (tenant_id, ${payees.names(NEW)})
          SELECT ${tenantId}::uuid, n.* FROM ${payees.unnest(NEW, rows.slice(from, from + INSERT_ROWS_MAX))} AS n
          ON CONFLICT (tenant_id, reference) DO NOTHING
          RETURNING reference`;
        for (const { reference } of written) inserted.add(reference);
      }
      return inserted;
    },

    insertDestinations: async (rows) => {
      const inserted = new Set<string>();
      for (let from = 0; from < rows.length; from += INSERT_ROWS_MAX) {
        const written = await sql.rows<{ id: string }>('conflict')`
          INSERT INTO payee_destination (tenant_id, ${destinations.names(NEW_DESTINATION)})
          SELECT ${tenantId}::uuid, n.* FROM ${destinations.unnest(NEW_DESTINATION, rows.slice(from, from + INSERT_ROWS_MAX))} AS n
          ON CONFLICT (tenant_id, payee_id, version) DO NOTHING
          RETURNING id`;
        for (const { id } of written) inserted.add(id);
      }
      const keyed = rows.filter(({ id, createdByKey }) => createdByKey !== null && inserted.has(id));
      for (let from = 0; from < keyed.length; from += INSERT_ROWS_MAX) {
        const part = keyed.slice(from, from + INSERT_ROWS_MAX);
        await sql.run('set')`
          INSERT INTO payee_destination_key (tenant_id, destination_id, api_key_id)
          SELECT ${tenantId}::uuid, n.* FROM unnest(${arrayText(part.map(({ id }) => id))}::uuid[],
            ${arrayText(part.map(({ createdByKey }) => createdByKey))}::uuid[]) AS n`;
      }
      return inserted;
    },
  };
};
