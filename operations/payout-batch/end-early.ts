import { BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { toHex } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import { releaseHold } from '../ledger/release-hold.js';
import type { Stores } from '../ports.js';
import type { ControlRow } from '../stores/batches.js';
import { shown, type WireBatch } from './view.js';

/**
 * Ends a batch that has not begun to execute: a hold is given back, the workflow is told, the deed is audited. The
 * caller has locked the control row and checked the edge. The reason is people's own words, so the log holds its hash.
 */
export const endEarly = async (
  ctx: Context,
  stores: Stores,
  control: ControlRow,
  deed: { verb: 'reject' | 'cancel' | 'expire'; reason: string | null },
): Promise<WireBatch> => {
  const id = control.batchId;
  const batch = await stores.batches.get(id);
  if (!batch) throw new Error(`batch ${id} has a control row and nothing else`);
  const eventId = stores.audit.newId();
  const released = await releaseHold(stores, batch, eventId);
  const { to: state } = BATCH_TRANSITIONS[deed.verb];
  if (!(await stores.batches.move(id, control.rowVersion, { state, ...(deed.reason === null ? {} : { reason: deed.reason }) })))
    throw new Error(`batch ${id} moved under its own lock`);
  await stores.outbox.add({ batchId: id, message: 'batch_changed' });
  await stores.audit.append({
    id: eventId,
    subject: { type: 'batch', id },
    action: `batch.${deed.verb}`,
    result: 'ok',
    detail: {
      from: control.state,
      to: state,
      content_version: control.contentVersion,
      released: released.toString(),
      ...(deed.reason === null ? {} : { reason_sha256: reasonHash(ctx, deed.reason) }),
    },
  });
  return shown(ctx, stores, id);
};

export const reasonHash = (ctx: Context, reason: string): string => toHex(ctx.services.sha256(new TextEncoder().encode(reason)));
