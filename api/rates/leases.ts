import { leaseOf, type RateLimit } from '../../domain/rates.js';
import type { RateCounters } from '../../operations/stores/rate-counters.js';

/** What a limit says to one request. */
export interface Standing {
  admitted: boolean;
  /** How many more requests it would admit now, as far as this process knows. */
  left: number;
  /** When the window ends, in ms from now. */
  endsInMs: number;
}

/** What this process has taken of one limit and not spent yet. */
interface Lease {
  balance: number;
  /** What the shared counter had left for everybody when it was asked. */
  left: number;
  /** On the clock of the process, ms. */
  endsAt: number;
  asking: Promise<void> | null;
  /** Requests that have no answer yet: so many are asked for at least. */
  waiting: number;
}

/** Leases of at most so many keys are kept, about 200 bytes each. Whoever sends from very many networks makes the oldest be forgotten. */
const LEASES_MAX = 20_000;

/**
 * Spends shared limits in leases: a statement for each request would cost more than reading. A process asks the shared counter for a
 * fiftieth of a limit at once (`leaseOf`) and spends that by itself until the window ends. So N processes together admit the limit and no
 * more; what one holds unspent, the others lack. A limit that is used up is refused without asking until its window ends.
 */
export const leasing = (counters: RateCounters, now: () => number, most = LEASES_MAX) => {
  const leases = new Map<string, Lease>();

  const leaseFor = (key: string): Lease => {
    const known = leases.get(key);
    if (known) return known;
    const oldest = leases.size < most ? undefined : leases.keys().next().value;
    if (oldest !== undefined) leases.delete(oldest);
    const lease: Lease = { balance: 0, left: 0, endsAt: 0, asking: null, waiting: 0 };
    leases.set(key, lease);
    return lease;
  };

  const ask = async (key: string, limit: RateLimit, lease: Lease): Promise<void> => {
    try {
      const { granted, left, endsInMs } = await counters.take(key, Math.max(leaseOf(limit), lease.waiting), limit);
      Object.assign(lease, { balance: granted, left, endsAt: now() + endsInMs });
    } finally {
      lease.asking = null;
    }
  };

  return async (key: string, limit: RateLimit): Promise<Standing> => {
    const lease = leaseFor(key);
    lease.waiting += 1;
    try {
      for (;;) {
        const standing = spend(lease, now());
        if (standing) return standing;
        lease.asking ??= ask(key, limit, lease);
        await lease.asking;
      }
    } finally {
      lease.waiting -= 1;
    }
  };
};

/** What the lease says to one request; null when the shared counter has to be asked. */
const spend = (lease: Lease, at: number): Standing | null => {
  const endsInMs = lease.endsAt - at;
  if (endsInMs <= 0) return null;
  if (lease.balance > 0) {
    lease.balance -= 1;
    return { admitted: true, left: lease.balance + lease.left, endsInMs };
  }
  return lease.left === 0 ? { admitted: false, left: 0, endsInMs } : null;
};
