import { type Result, refuse } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { recoveryRefusal } from '../recovery/refuse.js';
import { toWireDelivery, type WireDelivery } from './list.js';

/** Stops trying to read a delivery; a replay of its connection tries it again. Refuses with `not_found`, also when it was read or discarded meanwhile. */
export const discardDelivery = (ctx: Context, input: { delivery_id: string; reason: string }): Promise<Result<WireDelivery>> =>
  ctx.inTenant(async (stores) => {
    const recovering = recoveryRefusal(ctx);
    const row = recovering ? null : await stores.inboundEvents.discard(input.delivery_id);
    const subject = row ? ({ type: 'connection', id: row.connectionId } as const) : ({ type: 'workspace', id: ctx.tenantId } as const);
    const entry = {
      subject,
      action: 'inbound.discard',
      detail: { inbound_id: input.delivery_id, reason_sha256: reasonHash(ctx, input.reason) },
    } as const;
    if (recovering) return refusedAndAudited(stores, entry, recovering);
    if (!row) return refusedAndAudited(stores, entry, refuse('not_found', 'This workspace has no such delivery that waits to be read.').refusal);
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer(toWireDelivery(row));
  });
