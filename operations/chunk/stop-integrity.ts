import { toHex } from '../../domain/hashing.js';
import type { Context } from '../context.js';

/**
 * Stops a batch whose content is not what the gates signed (R3): nothing more leaves until people have looked. A
 * transaction of its own, after the one that found it out, so that no lock has to be raised.
 */
export const stopForIntegrity = (ctx: Context, { batchId, chunk }: { batchId: string; chunk: number }): Promise<void> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(batchId);
    if (!control || control.integrityFailedAt) return;
    await stores.batches.move(batchId, control.rowVersion, { integrityFailedAt: stores.now });
    await stores.exceptions.raise({ kind: 'integrity_failed', batchId, detail: { chunk } });
    await stores.outbox.add({ batchId, message: 'batch_changed' });
    const content = await stores.batches.content(batchId, control.contentVersion);
    await stores.audit.append({
      subject: { type: 'batch', id: batchId },
      action: 'batch.stop',
      result: 'integrity_failed',
      detail: { chunk, signed_digest: content ? toHex(content.digest) : null },
    });
  });
