import { UPLOAD, type UploadStore } from '../operations/stores/uploads.js';
import { Prisma, type upload } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const uploads = tableOf<upload>()(UPLOAD);
const NEW = ['batchId', 'becomes', 'personId', 'apiKeyId', 'bytes', 'lines', 'parts', 'count', 'total', 'rowsStored'] as const;

/** Files of one tenant on their way to become batches (R19). */
export const uploadStore = ({ orm, sql }: Tx, { tenantId }: Scope): UploadStore => ({
  async insert(row) {
    // The ORM would write the process's clock into `created_at`.
    await sql.run('clock')`INSERT INTO upload (tenant_id, ${uploads.names(NEW)}) VALUES (${tenantId}::uuid, ${uploads.values(NEW, row)})`;
  },

  async update(batchId, { refusal, ...change }) {
    const data = { ...uploads.stored(change), ...(refusal === undefined ? {} : { refusal: refusal === null ? Prisma.DbNull : { ...refusal } }) };
    await orm.upload.update({
      where: { tenant_id_batch_id: { tenant_id: tenantId, batch_id: batchId } },
      data: data as object,
      select: { batch_id: true },
    });
  },

  countParts: (batchId) => orm.upload_part.count({ where: { tenant_id: tenantId, batch_id: batchId } }),

  async insertPart(batchId, part, sealed) {
    await sql.run('set')`
      INSERT INTO upload_part (tenant_id, batch_id, part, sealed) VALUES (${tenantId}::uuid, ${batchId}::uuid, ${part}, ${sealed}::bytea)`;
  },

  async part(batchId, part) {
    const row = await orm.upload_part.findUnique({ where: { tenant_id_batch_id_part: { tenant_id: tenantId, batch_id: batchId, part } } });
    return row?.sealed ?? null;
  },
});
