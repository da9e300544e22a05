import { drainInbound } from '../operations/inbound/drain.js';
import { applyProposals } from '../operations/proposal/apply.js';
import { reduceParked } from '../operations/settlement/settle.js';
import type { ContextOf } from './ports.js';

/**
 * Reduces the deliveries that are due (R7) and carries out the proposals that people have confirmed, of every tenant that has some,
 * and returns how many. An error of one tenant is thrown after all tenants had their turn.
 */
export const drainAll = async (tenantsToDrain: () => Promise<string[]>, contextOf: ContextOf): Promise<number> => {
  let count = 0;
  const broken: unknown[] = [];
  for (const tenantId of await tenantsToDrain())
    try {
      const ctx = await contextOf(tenantId, `drain/${tenantId}`);
      for (let more = await drainInbound(ctx); more > 0; more = await drainInbound(ctx)) count += more;
      count += await applyProposals(ctx);
      await reduceParked(ctx);
    } catch (error) {
      broken.push(error);
    }
  if (broken.length > 0) throw broken[0];
  return count;
};
