import { finishPayoutBatch } from '../batch-state/finish.js';
import type { Context } from '../context.js';
import { reduceParked } from '../settlement/settle.js';
import { type Halt, intendChunk } from './intend.js';
import { resolveItems } from './resolve.js';
import { type Progress, sendDispatch } from './send.js';
import { settleAnswer } from './settle-answer.js';
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
      const outcomes = await sendDispatch(intent.dispatch, 'first', startedAt, progress);
      await failpoint('after_send');
      const settled = await settleAnswer(ctx, batchId, intent, outcomes);
      if (settled.parked) await reduceParked(ctx);
      if (settled.unavailable) return { kind: 'halted', halt: 'provider_unavailable' };
      return { kind: 'paid', sent: intent.dispatch.artefact.payments.length };
    }
  }
};
