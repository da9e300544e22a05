import { uuidv7 } from 'uuidv7';
import { type NewTransfer, TRANSFER, type TransferStore } from '../operations/stores/transfers.js';
import type { transfer } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { arrayText, tableOf } from './transaction/table.js';

const transfers = tableOf<transfer>()(TRANSFER);

/** Transfers of one tenant, append-only (R16): a trigger moves both balances in the same statement and refuses an overdraft. */
export const transferStore = ({ orm, sql }: Tx, { tenantId }: Scope): TransferStore => ({
  list: async ({ limit, after, accountId, batchId }) => {
    const rows = await orm.transfer.findMany({
      where: {
        tenant_id: tenantId,
        ...(after ? { id: { lt: after } } : {}),
        ...(batchId ? { batch_id: batchId } : {}),
        ...(accountId ? { OR: [{ debit_account_id: accountId }, { credit_account_id: accountId }] } : {}),
      },
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
    return pageOf(rows, limit, transfers.row);
  },

  inOrder: async ({ batchId, after, limit }) => {
    const rows = await orm.transfer.findMany({
      where: { tenant_id: tenantId, ...(batchId ? { batch_id: batchId } : {}), ...(after ? { id: { gt: after } } : {}) },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map(transfers.row);
  },

  // The low 32 bits of these UUIDv7 are the row's number: the library draws them at random, and counts in the bits above.
  insert: async ({ eventId, batchId, currency }, rows) => {
    const { postings, postingOf } = distinct(rows);
    await sql.run('set')`
      INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, batch_id, ordinal, item_version, event_id)
      SELECT ${tenantId}::uuid, (left(${uuidv7()}::text, 28) || lpad(to_hex(t.number), 8, '0'))::uuid, p.debits[t.posting], p.credits[t.posting],
        t.amount, ${currency}, p.kinds[t.posting], ${batchId}::uuid, t.ordinal, t.item_version, ${eventId}::uuid
      FROM (SELECT ${postings.map((one) => one.debitAccountId)}::uuid[] AS debits, ${postings.map((one) => one.creditAccountId)}::uuid[] AS credits,
          ${postings.map((one) => one.kind)}::text[] AS kinds) p,
        unnest(${arrayText(postingOf)}::int[], ${arrayText(rows.map((row) => row.amount))}::bigint[], ${arrayText(rows.map((row) => row.ordinal))}::int[],
          ${arrayText(rows.map((row) => row.itemVersion))}::int[]) WITH ORDINALITY AS t(posting, amount, ordinal, item_version, number)`;
  },
});

/** The few kinds of transfer between the same two accounts that occur, and which of them (from 1) each row is. */
const distinct = (rows: readonly NewTransfer[]): { postings: NewTransfer[]; postingOf: number[] } => {
  const postings: NewTransfer[] = [];
  const postingOf = rows.map((row) => {
    const known = postings.findIndex(
      (one) => one.kind === row.kind && one.debitAccountId === row.debitAccountId && one.creditAccountId === row.creditAccountId,
    );
    return known < 0 ? postings.push(row) : known + 1;
  });
  return { postings, postingOf };
};
