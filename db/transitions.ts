import { TRANSITION, TRANSITION_BLOCK, type TransitionStore } from '../operations/stores/transitions.js';
import type { item_transition, transition_block } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const transitions = tableOf<item_transition>()(TRANSITION);
const blocks = tableOf<transition_block>()(TRANSITION_BLOCK);

export const transitionStore = ({ orm }: Tx, { tenantId }: Scope): TransitionStore => ({
  ofBatch: async (batchId, after, limit) => {
    const { ordinal, version } = after ?? { ordinal: -1, version: 0 };
    const rows = await orm.item_transition.findMany({
      where: { tenant_id: tenantId, batch_id: batchId, ordinal: { gte: ordinal }, NOT: { ordinal, version: { lte: version } } },
      orderBy: [{ ordinal: 'asc' }, { version: 'asc' }],
      take: limit,
    });
    return rows.map(transitions.row);
  },

  blocks: async (batchId, afterEventId, limit) => {
    const rows = await orm.transition_block.findMany({
      where: { tenant_id: tenantId, batch_id: batchId, ...(afterEventId ? { event_id: { gt: afterEventId } } : {}) },
      orderBy: { event_id: 'asc' },
      take: limit,
    });
    return rows.map(blocks.row);
  },
});
