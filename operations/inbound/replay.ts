import type { z } from 'zod';
import type { replay as contract, replayed } from '../../contracts/evidence.js';
import { toWireId } from '../../domain/ids.js';
import { type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { recoveryRefusal } from '../recovery/refuse.js';

type Input = { connection_id: string } & z.output<typeof contract>;

/**
 * Makes stored deliveries of a rail connection due again, so that the drain reduces them once more: all of them, those since a time,
 * or one. Reducing evidence twice changes nothing, so a replay is always safe. Refuses with `not_found` or `recovery_mode`.
 */
export const replayDeliveries = (ctx: Context, input: Input): Promise<Result<z.infer<typeof replayed>>> =>
  ctx.inTenant(async (stores) => {
    const detail = { since: input.since ?? null, inbound_id: input.delivery_id ?? null };
    const connection = await stores.railConnections.get(input.connection_id);
    const subject = connection ? ({ type: 'connection', id: connection.id } as const) : ({ type: 'workspace', id: ctx.tenantId } as const);
    const entry = { subject, action: 'inbound.replay', detail: { ...detail, connection_id: input.connection_id } } as const;
    if (!connection) return refusedAndAudited(stores, entry, refuse('not_found', 'This workspace has no such rail connection.').refusal);
    const recovering = recoveryRefusal(ctx);
    if (recovering) return refusedAndAudited(stores, entry, recovering);
    const since = input.since === undefined ? undefined : new Date(input.since);
    const count = await stores.inboundEvents.replay({ connectionId: connection.id, since, id: input.delivery_id });
    await stores.audit.append({ subject, action: 'inbound.replay', result: 'ok', detail: { count, ...detail } });
    return answer({ object: 'replay' as const, connection_id: toWireId('connection', connection.id), count });
  });
