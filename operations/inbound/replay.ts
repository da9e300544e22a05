import type { Context } from '../context.js';

/**
 * Makes stored deliveries due again, so that the drain reduces them once more. Reducing evidence twice changes nothing, so a
 * replay is always safe. Returns how many deliveries are due again.
 */
export const replayInbound = (ctx: Context, input: { connection_id: string; since?: Date; id?: string }): Promise<number> =>
  ctx.inTenant(async (stores) => {
    const count = await stores.inboundEvents.replay({ connectionId: input.connection_id, since: input.since, id: input.id });
    await stores.audit.append({
      subject: { type: 'connection', id: input.connection_id },
      action: 'inbound.replay',
      result: 'ok',
      detail: { count, since: input.since?.toISOString() ?? null, inbound_id: input.id ?? null },
    });
    return count;
  });
