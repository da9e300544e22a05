import { uuidv7 } from 'uuidv7';
import { TRANSFER, type TransferStore } from '../operations/stores/transfers.js';
import type { transfer } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

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

  topUp: async (row) => {
    await sql.run('clock')`
      INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, event_id)
      VALUES (${tenantId}::uuid, ${uuidv7()}::uuid, ${row.debitAccountId}::uuid, ${row.creditAccountId}::uuid, ${row.amount}, ${row.currency}, 'top_up',
        ${row.eventId}::uuid)`;
  },
});
