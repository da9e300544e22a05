import { personBehind } from '../../domain/actors.js';
import { toHex } from '../../domain/hashing.js';
import type { Refusal } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { shown, type WireBatch } from '../payout-batch/view.js';
import type { Stores } from '../ports.js';
import type { ContentRow, NewBatch } from '../stores/batches.js';

/**
 * The last part of every creation, JSON or CSV: content, preparer, message to the workflow, counter and audit event.
 * Items, chunk roots and the control row stand already. A draft wakes the workflow as well: its deadline has to expire.
 */
export const recordNew = async (
  ctx: Context,
  stores: Stores,
  batch: NewBatch,
  state: 'draft' | 'queued',
  content: ContentRow,
): Promise<WireBatch> => {
  await stores.batches.insertContent(batch.id, content);
  const person = personBehind(ctx.actor);
  if (person) await stores.batches.addPreparer(batch.id, person, 'create');
  await stores.outbox.add({ batchId: batch.id, message: 'batch_changed' });
  await stores.batches.addToCounter(batch.id, { open: content.count });
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
      funding_account_id: batch.fundingAccountId,
      currency: batch.currency,
      total: content.total.toString(),
      count: content.count,
      content_version: content.contentVersion,
      digest: toHex(content.digest),
    },
  });
  return shown(ctx, stores, batch.id);
};

/** A creation that was declined: there is no batch, so the attempt is written under the workspace. */
export const refuseNew = (ctx: Context, stores: Stores, source: 'json' | 'csv', refusal: Refusal) =>
  refusedAndAudited(
    stores,
    {
      subject: { type: 'workspace', id: ctx.tenantId },
      action: 'batch.create',
      detail: { source, reasons: [...new Set((refusal.errors ?? []).map((error) => error.reason))].sort() },
    },
    refusal,
  );
