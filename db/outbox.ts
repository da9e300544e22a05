import { uuidv7 } from 'uuidv7';
import type { OutboxStore } from '../operations/stores/outbox.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Messages to a batch's workflow, which commit with the change that they report (R13). The relay claims them through functions of its own. */
export const outboxStore = ({ orm }: Tx, { tenantId, requestId }: Scope): OutboxStore => ({
  add: async (message) => {
    const body = { ...(message.message === 'gate_opened' ? { gateId: message.gateId } : {}), requestId };
    await orm.outbox.create({ data: { tenant_id: tenantId, id: uuidv7(), batch_id: message.batchId, message: message.message, body } });
  },

  wake: async (batchIds) => {
    const body = { requestId };
    await orm.outbox.createMany({
      data: batchIds.map((batch_id) => ({ tenant_id: tenantId, id: uuidv7(), batch_id, message: 'batch_changed', body })),
    });
  },
});
