import { HOLD, type HoldStore } from '../operations/stores/holds.js';
import type { hold } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const holds = tableOf<hold>()(HOLD);

/** Holds of one tenant: money set aside at authorization. Functions of the database change a hold and post its transfer in one. */
export const holdStore = ({ orm, sql }: Tx, { tenantId }: Scope): HoldStore => ({
  ofBatch: async (batchId) =>
    (await orm.hold.findMany({ where: { tenant_id: tenantId, batch_id: batchId }, orderBy: { content_version: 'asc' } })).map(holds.row),

  place: async (id, batchId, eventId) => {
    const row = await sql.row<{ amount: bigint }>('function')`SELECT sluice_place_hold(${id}::uuid, ${batchId}::uuid, ${eventId}::uuid) AS amount`;
    return row?.amount ?? 0n;
  },

  release: async (batchId, eventId) => {
    const row = await sql.row<{ amount: bigint }>('function')`SELECT sluice_release_hold(${batchId}::uuid, ${eventId}::uuid) AS amount`;
    return row?.amount ?? 0n;
  },
});
