import type { Logger } from 'pino';
import type { RelayStore } from './ports.js';

/**
 * Makes the partitions of the months to come (R22). A month that is skipped, because payments hold its tables at that moment,
 * is tried again the next day: partitions are made two years ahead.
 */
export const addMonths = async ({ store, log }: { store: Pick<RelayStore, 'addMonths'>; log: Pick<Logger, 'warn'> }): Promise<number> => {
  const missing = await store.addMonths();
  if (missing > 0) log.warn({ missing }, 'partitions of coming months could not be made now; they are tried again tomorrow');
  return 0;
};
