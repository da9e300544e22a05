import { uuidv7 } from 'uuidv7';
import { EXCEPTION, type ExceptionStore } from '../operations/stores/exceptions.js';
import type { exception } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const exceptions = tableOf<exception>()(EXCEPTION);

/** Exceptions of one tenant: what a person has to look at. */
export const exceptionStore = ({ orm }: Tx, { tenantId }: Scope): ExceptionStore => ({
  raise: async ({ kind, batchId = null, ordinal = null, detail }) => {
    await orm.exception.create({ data: { tenant_id: tenantId, ...exceptions.stored({ id: uuidv7(), kind, batchId, ordinal }), detail } });
  },

  openOf: async (batchId) => {
    const rows = await orm.exception.findMany({
      where: { tenant_id: tenantId, batch_id: batchId, resolved_at: null },
      orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
    });
    return rows.map(exceptions.row);
  },
});
