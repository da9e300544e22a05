import { uuidv7 } from 'uuidv7';
import type { Json } from '../domain/canonical-json.js';
import type { ExceptionStore } from '../operations/stores/exceptions.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

export const exceptionStore = (tx: Tx, scope: Scope): ExceptionStore => ({
  raise: async ({ kind, batchId, ordinal, detail }) => {
    await tx.orm.exception.create({
      data: { tenant_id: scope.tenantId, id: uuidv7(), kind, batch_id: batchId ?? null, ordinal: ordinal ?? null, detail },
    });
  },

  openOf: async (batchId) => {
    const rows = await tx.orm.exception.findMany({
      where: { tenant_id: scope.tenantId, batch_id: batchId, resolved_at: null },
      orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
    });
    return rows.map((row) => ({ id: row.id, kind: row.kind, ordinal: row.ordinal, detail: row.detail as Json, createdAt: row.created_at }));
  },
});
