import { finishPayoutBatch } from '../batch-state/finish.js';
import type { Context } from '../context.js';
import { reduceParked, settleEvidence } from '../settlement/settle.js';
import { type Halt, intendChunk } from './intend.js';
import { noteAnswer } from './provider-health.js';
import { resolveItems } from './resolve.js';
import { type Progress, sendDispatch } from './send.js';
import { stopForIntegrity } from './verify-content.js';

export type ChunkReport =
  | { kind: 'paid'; sent: number }
  | { kind: 'resolved' }
  | { kind: 'wait'; reason: 'checkpoint' | 'not_before'; afterMs: number }
  | { kind: 'halted'; halt: Halt };

/**
 * Pays one chunk: intends, sends and settles it; or, when an earlier attempt has sent it, finds out what became of it. It may run
 * any number of times, also at the same time, and die anywhere: the intent alone decides what is sent.
 */
export const payChunk = async (ctx: Context, { batchId, chunk }: { batchId: string; chunk: number }, progress: Progress): Promise<ChunkReport> => {
  const { failpoint } = ctx.services;
  await failpoint('before_intent');
  const startedAt = performance.now();
  const intent = await intendChunk(ctx, { batchId, chunk });
  switch (intent.kind) {
    case 'wait':
    case 'halted':
      return intent;
    case 'mismatch':
      await stopForIntegrity(ctx, { batchId, chunk });
      return { kind: 'halted', halt: 'integrity_failed' };
    case 'nothing':
      if (intent.sentBefore) await resolveItems(ctx, { batchId, chunk, ordinals: 'submitting' }, progress);
      // Whoever moves the last item ends the batch, but may have died before it did.
      if (intent.open === 0) await finishPayoutBatch(ctx, batchId);
      return { kind: 'resolved' };
    case 'send': {
      await failpoint('after_intent');
      const { outcomes, asked } = await sendDispatch(intent.dispatch, 'first', startedAt, progress);
      await failpoint('after_send');
      const sentOn = { batchId, connectionId: intent.dispatch.connection.id, payments: outcomes.length };
      const { parked } = await settleEvidence(ctx, { batchId, connectionId: sentOn.connectionId, source: 'answer', outcomes });
      if (parked) await reduceParked(ctx);
      if (!asked) return { kind: 'resolved' };
      if (await noteAnswer(ctx, sentOn, outcomes, intent.ailing)) return { kind: 'halted', halt: 'provider_unavailable' };
      return { kind: 'paid', sent: intent.dispatch.artefact.payments.length };
    }
  }
};
