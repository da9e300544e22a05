import type { KeyStore } from '../operations/stores/keys.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Wrapped keys of a tenant and of its payees (R21). */
export const keyStore = (tx: Tx, { tenantId }: Scope): KeyStore => ({
  tenantKey: async (purpose) => {
    const row = await tx.orm.tenant_key.findFirst({ where: { tenant_id: tenantId, purpose }, orderBy: { version: 'desc' } });
    return row ? { version: row.version, wrapped: row.wrapped, rootKey: row.root_key } : null;
  },

  tenantKeyAt: async (purpose, version) => {
    const row = await tx.orm.tenant_key.findUnique({ where: { tenant_id_purpose_version: { tenant_id: tenantId, purpose, version } } });
    return row ? { wrapped: row.wrapped, rootKey: row.root_key } : null;
  },

  insertTenantKey: async ({ purpose, version, wrapped, rootKey }) => {
    const inserted = await tx.sql.run('set')`
      INSERT INTO tenant_key (tenant_id, purpose, version, wrapped, root_key)
      VALUES (${tenantId}::uuid, ${purpose}, ${version}::int, ${wrapped}, ${rootKey})
      ON CONFLICT (tenant_id, purpose, version) DO NOTHING`;
    return inserted === 1;
  },

  subjectKeys: async (subjectIds) => {
    const rows = await tx.sql.rows<{ subject_id: string; wrapped: Uint8Array }>('set')`
      SELECT k.subject_id, k.wrapped FROM unnest(${[...new Set(subjectIds)]}::uuid[]) AS w (id)
      CROSS JOIN LATERAL (SELECT subject_id, wrapped FROM subject_key WHERE tenant_id = ${tenantId}::uuid AND subject_id = w.id AND wrapped IS NOT NULL LIMIT 1) k`;
    return new Map(rows.map(({ subject_id, wrapped }) => [subject_id, wrapped]));
  },

  insertSubjectKeys: async (rows) => {
    await tx.sql.run('set')`
      INSERT INTO subject_key (tenant_id, subject_id, wrapped)
      SELECT ${tenantId}::uuid, n.* FROM unnest(
        ${rows.map(({ subjectId }) => subjectId)}::uuid[], ${rows.map(({ wrapped }) => wrapped)}::bytea[]) AS n`;
  },
});
