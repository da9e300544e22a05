import { BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { toHex } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { ControlRow } from '../stores/batches.js';

/**
 * Ends a batch that has not begun to execute: releases its hold, wakes the workflow and audits the action. The caller has locked
 * the control row and checked that the batch may move. People write the reason in their own words, so the audit log holds its
 * hash only.
 */
export const endEarly = async (
  ctx: Context,
  stores: Stores,
  control: ControlRow,
  { verb, reason }: { verb: 'reject' | 'cancel' | 'expire'; reason: string | null },
): Promise<void> => {
  const id = control.batchId;
  const eventId = stores.audit.newId();
  const released = await stores.holds.release(id, eventId);
  const { to: state } = BATCH_TRANSITIONS[verb];
  // Nothing was made of the file, so another one may have its name.
  if (control.state === 'receiving') await stores.batches.giveUpExternalId(id);
  await stores.batches.moveLocked(id, control.rowVersion, { state, ...(reason === null ? {} : { reason }) });
  await stores.outbox.add({ batchId: id, message: 'batch_changed' });
  await stores.audit.append({
    id: eventId,
    subject: { type: 'batch', id },
    action: `batch.${verb}`,
    result: 'ok',
    detail: {
      from: control.state,
      to: state,
      content_version: control.contentVersion,
      released: released.toString(),
      ...(reason === null ? {} : { reason_sha256: reasonHash(ctx, reason) }),
    },
  });
};

export const reasonHash = (ctx: Context, reason: string): string => toHex(ctx.services.sha256(new TextEncoder().encode(reason)));
