import { uuidv7 } from 'uuidv7';
import type { AccountKind, TransferKind } from '../domain/item/postings.js';
import type { AccountRow } from '../operations/stores/accounts.js';
import type { LedgerStore } from '../operations/stores/ledger.js';
import type { TransferRow } from '../operations/stores/transfers.js';
import type { account, transfer } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/**
 * Accounts and transfers of one tenant (R16). Only transfers are written here: a trigger moves the balances of the
 * two accounts in the same statement and refuses an overdraft.
 */
export const ledgerStore = (tx: Tx, { tenantId }: Scope): LedgerStore => ({
  accounts: async ({ limit, after, kind, currency }) => {
    const rows = await tx.account.findMany({
      where: { tenant_id: tenantId, ...(after ? { id: { lt: after } } : {}), ...(kind ? { kind } : {}), ...(currency ? { currency } : {}) },
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
    return { rows: rows.slice(0, limit).map(accountOf), hasMore: rows.length > limit };
  },

  account: async (id) => {
    const row = await tx.account.findUnique({ where: { tenant_id_id: { tenant_id: tenantId, id } } });
    return row ? accountOf(row) : null;
  },

  lockAccount: async (id) => {
    const [row] = await tx.$queryRaw<account[]>`SELECT * FROM account WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid FOR UPDATE`;
    return row ? accountOf(row) : null;
  },

  fundingAccount: async (currency) => {
    const row = await tx.account.findFirst({ where: { tenant_id: tenantId, kind: 'funding', currency }, orderBy: { id: 'asc' } });
    return row ? accountOf(row) : null;
  },

  ensureAccount: async (kind, currency) => {
    const where = { tenant_id_kind_currency_name: { tenant_id: tenantId, kind, currency, name: kind } };
    const found = await tx.account.findUnique({ where });
    if (found) return accountOf(found);
    await tx.$executeRaw`
      INSERT INTO account (tenant_id, id, kind, currency, name) VALUES (${tenantId}::uuid, ${uuidv7()}::uuid, ${kind}, ${currency}, ${kind})
      ON CONFLICT (tenant_id, kind, currency, name) DO NOTHING`;
    return accountOf(await tx.account.findUniqueOrThrow({ where }));
  },

  transfers: async ({ limit, after, accountId, batchId }) => {
    const rows = await tx.transfer.findMany({
      where: {
        tenant_id: tenantId,
        ...(after ? { id: { lt: after } } : {}),
        ...(batchId ? { batch_id: batchId } : {}),
        ...(accountId ? { OR: [{ debit_account_id: accountId }, { credit_account_id: accountId }] } : {}),
      },
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
    return { rows: rows.slice(0, limit).map(transferOf), hasMore: rows.length > limit };
  },

  post: async (row) => {
    await tx.transfer.create({
      data: {
        tenant_id: tenantId,
        id: row.id,
        debit_account_id: row.debitAccountId,
        credit_account_id: row.creditAccountId,
        amount: row.amount,
        currency: row.currency,
        kind: row.kind,
        batch_id: row.batchId,
        event_id: row.eventId,
      },
    });
  },
});

const accountOf = (row: account): AccountRow => ({
  id: row.id,
  kind: row.kind as AccountKind,
  currency: row.currency,
  name: row.name,
  balance: row.balance,
  createdAt: row.created_at,
});

const transferOf = (row: transfer): TransferRow => ({
  id: row.id,
  debitAccountId: row.debit_account_id,
  creditAccountId: row.credit_account_id,
  amount: row.amount,
  currency: row.currency,
  kind: row.kind as TransferKind,
  batchId: row.batch_id,
  ordinal: row.ordinal,
  eventId: row.event_id,
  createdAt: row.created_at,
});
