import { uuidv7 } from 'uuidv7';
import { ACCOUNT, type AccountStore } from '../operations/stores/accounts.js';
import type { account } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const accounts = tableOf<account>()(ACCOUNT);

/** Accounts of one tenant. Nothing here changes a balance: a trigger does, when a transfer is inserted (R16). */
export const accountStore = ({ orm, sql }: Tx, { tenantId }: Scope): AccountStore => ({
  list: async ({ limit, after, kind, currency }) => {
    const rows = await orm.account.findMany({
      where: { tenant_id: tenantId, ...(after ? { id: { lt: after } } : {}), ...(kind ? { kind } : {}), ...(currency ? { currency } : {}) },
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
    return pageOf(rows, limit, accounts.row);
  },

  get: async (id) => {
    const row = await orm.account.findUnique({ where: { tenant_id_id: { tenant_id: tenantId, id } } });
    return row && accounts.row(row);
  },

  lock: async (ids) => {
    const rows = await sql.rows('lock')`
      SELECT ${accounts.list()} FROM account WHERE tenant_id = ${tenantId}::uuid AND id = ANY(${[...ids]}::uuid[]) ORDER BY id FOR UPDATE`;
    return rows.map(accounts.row);
  },

  funding: async (currency) => {
    // Ids follow the clock of the process that made them; only the database's clock says which account was first.
    const orderBy = [{ created_at: 'asc' as const }, { id: 'asc' as const }];
    const row = await orm.account.findFirst({ where: { tenant_id: tenantId, kind: 'funding', currency }, orderBy });
    return row && accounts.row(row);
  },

  insertFunding: async (name, currency) => {
    const row = await sql.row('conflict')`
      INSERT INTO account (tenant_id, id, kind, currency, name) VALUES (${tenantId}::uuid, ${uuidv7()}::uuid, 'funding', ${currency}, ${name})
      ON CONFLICT (tenant_id, kind, currency, name) DO NOTHING RETURNING ${accounts.list()}`;
    return row && accounts.row(row);
  },

  ensure: async (kind, currency) => {
    const where = { tenant_id_kind_currency_name: { tenant_id: tenantId, kind, currency, name: kind } };
    const found = await orm.account.findUnique({ where });
    if (found) return accounts.row(found);
    await sql.run('conflict')`
      INSERT INTO account (tenant_id, id, kind, currency, name) VALUES (${tenantId}::uuid, ${uuidv7()}::uuid, ${kind}, ${currency}, ${kind})
      ON CONFLICT (tenant_id, kind, currency, name) DO NOTHING`;
    return accounts.row(await orm.account.findUniqueOrThrow({ where }));
  },
});
