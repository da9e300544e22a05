import type { Logger } from 'pino';
import type { RelayStore } from './ports.js';

/**
 * Makes ready the months that batches will lie in (R22). A month that is left out, because payments held its tables at that
 * moment, has its turn the next day: there are two years until it matters.
 */
export const addMonths = async ({ store, log }: { store: Pick<RelayStore, 'addMonths'>; log: Pick<Logger, 'warn'> }): Promise<number> => {
  const missing = await store.addMonths();
  if (missing > 0) log.warn({ missing }, 'partitions of coming months could not be made now; they are tried again tomorrow');
  return 0;
};
