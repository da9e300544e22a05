import { TRANSFER, type TransferStore } from '../operations/stores/transfers.js';
import type { transfer } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const transfers = tableOf<transfer>()(TRANSFER);

/** Transfers of one tenant, append-only (R16): a trigger moves both balances in the same statement and refuses an overdraft. */
export const transferStore = ({ orm }: Tx, { tenantId }: Scope): TransferStore => ({
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
    return { rows: rows.slice(0, limit).map(transfers.row), hasMore: rows.length > limit };
  },

  inOrder: async ({ batchId, after, limit }) => {
    const rows = await orm.transfer.findMany({
      where: { tenant_id: tenantId, ...(batchId ? { batch_id: batchId } : {}), ...(after ? { id: { gt: after } } : {}) },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map(transfers.row);
  },

  post: async (row) => {
    await orm.transfer.create({ data: { tenant_id: tenantId, ...transfers.stored(row) } });
  },
});
