import { type Result, refuse } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { recoveryRefusal } from '../recovery/refuse.js';
import { toWireParkedEvidence, type WireParkedEvidence } from './list.js';

/**
 * Stops waiting for an item that parked evidence fits; it moves nothing, and the same evidence is parked anew when it comes again.
 * Refuses with `not_found`, also when it was reduced or discarded meanwhile.
 */
export const discardParkedEvidence = (ctx: Context, input: { parked_evidence_id: string; reason: string }): Promise<Result<WireParkedEvidence>> =>
  ctx.inTenant(async (stores) => {
    const recovering = recoveryRefusal(ctx);
    const row = recovering ? null : await stores.parkedEvidence.discard(input.parked_evidence_id);
    const subject = row ? ({ type: 'connection', id: row.connectionId } as const) : ({ type: 'workspace', id: ctx.tenantId } as const);
    const entry = {
      subject,
      action: 'evidence.discard',
      detail: { parked_id: input.parked_evidence_id, reason_sha256: reasonHash(ctx, input.reason) },
    } as const;
    if (recovering) return refusedAndAudited(stores, entry, recovering);
    if (!row) return refusedAndAudited(stores, entry, refuse('not_found', 'This workspace has no such evidence that waits.').refusal);
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer(toWireParkedEvidence(row));
  });
