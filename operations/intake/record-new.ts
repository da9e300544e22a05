import type { z } from 'zod';
import type { validation } from '../../contracts/batches.js';
import { personBehind } from '../../domain/actors.js';
import { toHex } from '../../domain/hashing.js';
import { type Refusal, reasonsOf } from '../../domain/result.js';
import { readBatch, type WireBatch } from '../batch-state/read.js';
import { storeChunkPaths } from '../batch-state/store-chunk-paths.js';
import { type Context, refusedAndAudited } from '../context.js';
import type { Stores } from '../ports.js';
import type { ContentRow, NewBatch } from '../stores/batches.js';

/** The first step of every creation: the batch with its control row, and who prepares it. False when its external_id is taken. */
export const insertNew = async (
  ctx: Context,
  stores: Stores,
  batch: NewBatch,
  state: 'receiving' | 'draft' | 'queued',
  deadlineAt: Date,
): Promise<boolean> => {
  if (!(await stores.batches.insert(batch, state, deadlineAt))) return false;
  const person = personBehind(ctx.actor);
  if (person) await stores.batches.addPreparer(batch.id, person, 'create');
  return true;
};

/**
 * The last step of every creation, from JSON or CSV: writes content, message to the workflow and audit event.
 * Items, chunk roots and control row are there already. A draft wakes the workflow too, because its deadline has to expire.
 */
export const recordNew = async (
  ctx: Context,
  stores: Stores,
  batch: NewBatch,
  state: 'draft' | 'queued',
  content: ContentRow,
): Promise<WireBatch> => {
  await storeChunkPaths(ctx, stores, batch.id);
  await stores.batches.insertContent(batch.id, content);
  await stores.outbox.add({ batchId: batch.id, message: 'batch_changed' });
  await stores.audit.append({
    subject: { type: 'batch', id: batch.id },
    action: 'batch.create',
    result: 'ok',
    detail: {
      state,
      source: batch.source,
      source_sha256: batch.sourceSha256 ? toHex(batch.sourceSha256) : null,
      rail: batch.rail,
      connection_id: batch.connectionId,
      connection_version: batch.connectionVersion,
      funding_account_id: batch.fundingAccountId,
      currency: batch.currency,
      total: content.total.toString(),
      count: content.count,
      content_version: content.contentVersion,
      digest: toHex(content.digest),
    },
  });
  return readBatch(ctx, stores, batch.id);
};

/** Refuses a creation. There is no batch, so the audit event stands under the workspace. */
export const refuseNew = (ctx: Context, stores: Stores, source: 'json' | 'csv', refusal: Refusal) =>
  refusedAndAudited(
    stores,
    {
      subject: { type: 'workspace', id: ctx.tenantId },
      action: 'batch.create',
      detail: { source, reasons: reasonsOf(refusal) },
    },
    refusal,
  );

export type Validation = z.infer<typeof validation>;

/** The answer to `validate_only` when nothing is wrong. `total` in minor units. */
export const validated = ({ count, total }: { count: number; total: bigint }, currency: string): Validation => ({
  object: 'validation',
  valid: true,
  item_count: count,
  total: Number(total),
  currency,
});
