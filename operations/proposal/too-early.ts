import { chunkOf } from '../../domain/batch/content.js';
import { type Refusal, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { ExceptionRow } from '../stores/exceptions.js';
import { sendingOf } from './sending.js';

/**
 * Why people may not say yet that the provider never got these items: its acceptance window or the life of a key has not ended, by
 * the database's clock and the dispatches (R5). Null when both have. Items whose sending is not recorded are always too early.
 */
export const tooEarly = async (
  ctx: Context,
  stores: Stores,
  exception: Pick<ExceptionRow, 'batchId'>,
  items: readonly { ordinal: number }[],
): Promise<Refusal | null> => {
  const batch = exception.batchId === null ? null : await stores.batches.get(exception.batchId);
  if (!batch) throw new Error('an exception about doubt has no batch');
  const chunks = [...new Set(items.map(({ ordinal }) => chunkOf(ordinal, batch.chunkSize)))];
  const { mayFailFrom } = await sendingOf(ctx, stores, batch, chunks);
  if (mayFailFrom && mayFailFrom <= stores.now) return null;
  if (!mayFailFrom) return refuse('too_early', 'There is no record of when these items were sent, so their absence proves nothing.').refusal;
  const seconds = Math.ceil((mayFailFrom.getTime() - stores.now.getTime()) / 1_000);
  return refuse(
    'too_early',
    `Wait until ${mayFailFrom.toISOString()}: before that the provider may still take a payment in, or it may be sent again under its key.`,
    { extra: { may_fail_from: mayFailFrom.toISOString(), retry_after_seconds: seconds } },
  ).refusal;
};
