import type { DestinationRow, PayeeRow, PayeeStore } from '../operations/stores/payees.js';
import type { payee, payee_destination } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Rows of one INSERT: past this, statements only grow in memory, not in speed. */
const INSERT_ROWS_MAX = 5_000;

type Known = Awaited<ReturnType<PayeeStore['byReference']>>;

/**
 * Payees and their destination versions. What names a person is sealed; reads for many rows are one statement each, with one look-up
 * by key a row: planned while the workspace is small, `= ANY` is a filter over all of it, for as long as the plan is kept.
 */
export const payeeStore = (tx: Tx, { tenantId, now }: Scope): PayeeStore => {
  const known = async (key: 'reference' | 'id', values: readonly string[]): Promise<Known> => {
    const wanted = [...new Set(values)];
    const payees =
      key === 'reference'
        ? await tx.sql.rows<payee>('set')`
            SELECT p.* FROM unnest(${wanted}::text[]) AS w (reference)
            CROSS JOIN LATERAL (SELECT * FROM payee WHERE tenant_id = ${tenantId}::uuid AND reference = w.reference LIMIT 1) p`
        : await tx.sql.rows<payee>('set')`
            SELECT p.* FROM unnest(${wanted}::uuid[]) AS w (id)
            CROSS JOIN LATERAL (SELECT * FROM payee WHERE tenant_id = ${tenantId}::uuid AND id = w.id LIMIT 1) p`;
    const newest = await newestDestinations(payees.map(({ id }) => id));
    return new Map(
      payees.map(payeeOf).map((row) => {
        return [row[key], { payee: row, destination: newest.get(row.id) ?? null }];
      }),
    );
  };

  const newestDestinations = async (payeeIds: string[]): Promise<Map<string, DestinationRow>> => {
    const rows = await tx.sql.rows<payee_destination>('set')`
      SELECT d.* FROM unnest(${payeeIds}::uuid[]) AS w (id)
      CROSS JOIN LATERAL (SELECT * FROM payee_destination WHERE tenant_id = ${tenantId}::uuid AND payee_id = w.id ORDER BY version DESC LIMIT 1) d`;
    return new Map(rows.map((row) => [row.payee_id, destinationOf(row)]));
  };

  return {
    get: async (id) => {
      const row = await tx.orm.payee.findUnique({ where: { tenant_id_id: { tenant_id: tenantId, id } } });
      return row ? payeeOf(row) : null;
    },

    list: async ({ limit, after, reference }) => {
      const rows = await tx.orm.payee.findMany({
        where: { tenant_id: tenantId, ...(after ? { id: { lt: after } } : {}), ...(reference === undefined ? {} : { reference }) },
        orderBy: { id: 'desc' },
        take: limit + 1,
      });
      return { rows: rows.slice(0, limit).map(payeeOf), hasMore: rows.length > limit };
    },

    byReference: (references) => known('reference', references),
    byIds: (ids) => known('id', ids),

    destinationsOf: async (payeeId) => {
      const rows = await tx.orm.payee_destination.findMany({ where: { tenant_id: tenantId, payee_id: payeeId }, orderBy: { version: 'asc' } });
      return rows.map(destinationOf);
    },

    destinations: async (ids) => {
      const rows = await tx.sql.rows<payee_destination>('set')`
        SELECT d.* FROM unnest(${[...new Set(ids)]}::uuid[]) AS w (id)
        CROSS JOIN LATERAL (SELECT * FROM payee_destination WHERE tenant_id = ${tenantId}::uuid AND id = w.id LIMIT 1) d`;
      return new Map(rows.map((row) => [row.id, destinationOf(row)]));
    },

    insert: async (payees) => {
      const inserted = new Set<string>();
      for (let from = 0; from < payees.length; from += INSERT_ROWS_MAX) {
        const part = payees.slice(from, from + INSERT_ROWS_MAX);
        const rows = await tx.sql.rows<{ reference: string }>('set')`
          INSERT INTO payee (tenant_id, id, reference, payee_type, country, sealed_name)
          SELECT ${tenantId}::uuid, n.* FROM unnest(
            ${part.map(({ id }) => id)}::uuid[], ${part.map(({ reference }) => reference)}::text[],
            ${part.map(({ payeeType }) => payeeType)}::text[], ${part.map(({ country }) => country)}::text[],
            ${part.map(({ sealedName }) => sealedName)}::bytea[]) AS n
          ON CONFLICT (tenant_id, reference) DO NOTHING
          RETURNING reference`;
        for (const { reference } of rows) inserted.add(reference);
      }
      return inserted;
    },

    insertDestinations: async (destinations) => {
      const inserted = new Set<string>();
      for (let from = 0; from < destinations.length; from += INSERT_ROWS_MAX) {
        const part = destinations.slice(from, from + INSERT_ROWS_MAX);
        const rows = await tx.sql.rows<{ id: string }>('set')`
          INSERT INTO payee_destination (tenant_id, id, payee_id, version, kind, sealed, fingerprint, masked, commitment, created_by)
          SELECT ${tenantId}::uuid, n.* FROM unnest(
            ${part.map(({ id }) => id)}::uuid[], ${part.map(({ payeeId }) => payeeId)}::uuid[], ${part.map(({ version }) => version)}::int[],
            ${part.map(({ kind }) => kind)}::text[], ${part.map(({ sealed }) => sealed)}::bytea[],
            ${part.map(({ fingerprint }) => fingerprint)}::bytea[], ${part.map(({ masked }) => masked)}::text[],
            ${part.map(({ commitment }) => commitment)}::bytea[], ${part.map(({ createdBy }) => createdBy)}::uuid[]) AS n
          ON CONFLICT (tenant_id, payee_id, version) DO NOTHING
          RETURNING id`;
        for (const { id } of rows) inserted.add(id);
      }
      return inserted;
    },

    setHeld: async (id, held) => {
      const { count } = await tx.orm.payee.updateMany({ where: { tenant_id: tenantId, id }, data: { held_at: held === 'held' ? now : null } });
      return count === 1;
    },
  };
};

const payeeOf = (row: payee): PayeeRow => ({
  id: row.id,
  reference: row.reference,
  payeeType: row.payee_type as PayeeRow['payeeType'],
  country: row.country,
  sealedName: row.sealed_name,
  heldAt: row.held_at,
  createdAt: row.created_at,
});

const destinationOf = (row: payee_destination): DestinationRow => ({
  id: row.id,
  payeeId: row.payee_id,
  version: row.version,
  kind: row.kind as DestinationRow['kind'],
  sealed: row.sealed,
  fingerprint: row.fingerprint,
  masked: row.masked,
  commitment: row.commitment,
  createdBy: row.created_by,
});
