import type { BatchWorkflows, RelayStore } from './ports.js';

/**
 * Starts the workflow of every batch that should have one and has none (R13), so whatever Temporal lost is found here. Visibility may
 * lag, so a batch that runs may be woken once too often, which does no harm. Returns how many it woke.
 */
export const reconcile = async ({ store, workflows }: { store: RelayStore; workflows: BatchWorkflows }): Promise<number> => {
  const wanted = await store.toDrive();
  if (wanted.length === 0) return 0;
  const running = await workflows.running();
  const idle = wanted.filter(({ batchId }) => !running.has(batchId));
  for (const place of idle) await workflows.wake(place, { gateId: null, requestId: null });
  return idle.length;
};
