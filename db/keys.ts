import { type KeyStore, SUBJECT_KEY, TENANT_KEY } from '../operations/stores/keys.js';
import type { subject_key, tenant_key } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const tenantKeys = tableOf<tenant_key>()(TENANT_KEY);
const TENANT_KEY_COLUMNS = ['purpose', 'version', 'wrapped', 'rootKey'] as const;
const subjectKeys = tableOf<subject_key>()(SUBJECT_KEY);
const SUBJECT_KEY_COLUMNS = ['subjectId', 'stored'] as const;

/** Wrapped keys of one tenant, and what is stored of its payees' keys (R21). */
export const keyStore = ({ orm, sql }: Tx, { tenantId }: Scope): KeyStore => ({
  tenantKey: async (purpose) => {
    const row = await orm.tenant_key.findFirst({ where: { tenant_id: tenantId, purpose }, orderBy: { version: 'desc' } });
    return row && tenantKeys.row(row);
  },

  tenantKeyAt: async (purpose, version) => {
    const row = await orm.tenant_key.findUnique({ where: { tenant_id_purpose_version: { tenant_id: tenantId, purpose, version } } });
    return row && tenantKeys.row(row);
  },

  insertTenantKey: async (row) => {
    const inserted = await sql.run('conflict')`
      INSERT INTO tenant_key (tenant_id, ${tenantKeys.names(TENANT_KEY_COLUMNS)})
      VALUES (${tenantId}::uuid, ${tenantKeys.values(TENANT_KEY_COLUMNS, row)})
      ON CONFLICT (tenant_id, purpose, version) DO NOTHING`;
    return inserted === 1;
  },

  subjectKeys: async (subjectIds) => {
    const rows = await sql.rows('set')`
      SELECT k.* FROM unnest(${[...new Set(subjectIds)]}::uuid[]) AS w (id)
      CROSS JOIN LATERAL (SELECT ${subjectKeys.list()} FROM subject_key WHERE tenant_id = ${tenantId}::uuid AND subject_id = w.id LIMIT 1) k`;
    return new Map(rows.map(subjectKeys.row).flatMap(({ subjectId, stored }) => (stored ? [[subjectId, stored]] : [])));
  },

  insertSubjectKeys: async (rows) => {
    await sql.run('set')`
      INSERT INTO subject_key (tenant_id, ${subjectKeys.names(SUBJECT_KEY_COLUMNS)})
      SELECT ${tenantId}::uuid, n.* FROM ${subjectKeys.unnest(SUBJECT_KEY_COLUMNS, rows)} AS n`;
  },
});
