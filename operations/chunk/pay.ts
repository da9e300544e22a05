import type { Context } from '../context.js';
import { finishPayoutBatch } from '../payout-batch/finish.js';
import { reduceParked } from '../settlement/reduce-parked.js';
import { intendChunk } from './intend.js';
import type { Halt } from './permit.js';
import { resolveItems } from './resolve.js';
import { type Progress, sendDispatch } from './send.js';
import { settleChunk } from './settle.js';
import { stopForIntegrity } from './stop-integrity.js';

export type ChunkReport =
  | { kind: 'paid'; sent: number }
  | { kind: 'resolved' }
  | { kind: 'wait'; reason: 'checkpoint' | 'not_before'; afterMs: number }
  | { kind: 'halted'; halt: Halt };

/**
 * Pays one chunk: intend, send, settle; or, when an earlier attempt has sent it, find out what became of it. Safe to
 * run any number of times, at the same time, and to die anywhere: what may leave is decided by the intent alone.
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
      if (intent.sentBefore > 0) await resolveItems(ctx, { batchId, chunk, ordinals: 'submitting' }, progress);
      if (intent.open === 0) await finishPayoutBatch(ctx, batchId);
      return { kind: 'resolved' };
    case 'send': {
      await failpoint('after_intent');
      const { dispatch } = intent;
      const outcomes = await sendDispatch(dispatch, 'first', startedAt, progress);
      await failpoint('after_send');
      await settleChunk(ctx, { batchId, connectionId: dispatch.connection.id, source: 'answer', outcomes });
      await reduceParked(ctx);
      return { kind: 'paid', sent: dispatch.artefact.payments.length };
    }
  }
};
