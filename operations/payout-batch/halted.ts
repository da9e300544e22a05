import type { z } from 'zod';
import type { halted } from '../../contracts/batches.js';
import type { ItemState } from '../../domain/item/states.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import { toWireBatch } from './view.js';

export type Halted = z.infer<typeof halted>;

/** States that an item only reaches by an intent: from then on it may have left. */
const SENT: readonly ItemState[] = ['submitting', 'unknown', 'submitted', 'paid', 'failed', 'returned'];

/**
 * The batch with what was already sent and what was not. Exact, not an estimate: the caller holds the control row
 * FOR UPDATE, and every intent needs it FOR SHARE (R1).
 */
export const haltedBatch = async (ctx: Context, stores: Stores, batchId: string): Promise<Halted> => {
  const view = await stores.batches.view(batchId);
  if (!view?.content) throw new Error(`batch ${batchId} cannot be read under its own lock`);
  const begun = view.gates.some(({ gate }) => gate === 'execute');
  const byState = begun ? await stores.items.countByState(batchId) : {};
  const sent = SENT.reduce((sum, state) => sum + (byState[state] ?? 0), 0);
  return { ...toWireBatch(view, ctx.tenantId), already_sent: sent, not_sent: view.content.count - sent };
};
