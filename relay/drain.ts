import { drainInbound } from '../operations/inbound/drain.js';
import { reduceParked } from '../operations/settlement/reduce-parked.js';
import type { ContextOf } from './ports.js';

/** Reduces the deliveries of every tenant that has some due (R7). Answers how many. */
export const drainAll = async (tenantsToDrain: () => Promise<string[]>, contextOf: ContextOf): Promise<number> => {
  let count = 0;
  for (const tenantId of await tenantsToDrain()) {
    const ctx = await contextOf(tenantId, `drain/${tenantId}`);
    for (let more = await drainInbound(ctx); more > 0; more = await drainInbound(ctx)) count += more;
    await reduceParked(ctx);
  }
  return count;
};
