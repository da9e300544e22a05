import { doneBy } from '../../domain/actors.js';
import { toHex } from '../../domain/hashing.js';
import type { Result } from '../../domain/result.js';
import { readBatch, type WireBatch } from '../batch-state/read.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import type { SealedPlace, Stores } from '../ports.js';
import type { CsvTotals } from './check-csv.js';
import { moveOwn } from './move-own.js';
import { LOST, leaseEnd, type Receiving } from './store-parts.js';

/** A body that was spooled to disk: it can be read more than once. */
export interface SpooledFile {
  /** SHA-256 of all its bytes; the batch stores it (R19). */
  sha256: Uint8Array;
  bytes: number;
  /** Line ends in it. */
  lines: number;
  open(): AsyncIterable<Uint8Array>;
}

/** Bytes of one sealed part. A file is always cut at the same places, so that a second try goes on after the parts of the first. */
const PART_BYTES = 1 << 20;

/** The place that a part of a file is bound to; it is sealed under the workspace's key of payees. */
const partPlace = (tenantId: string, batchId: string, part: number): SealedPlace => ({
  tenantId,
  purpose: 'payee',
  record: batchId,
  field: `upload_part_${part}`,
});

/**
 * Stores a spooled file in sealed parts, one in each transaction, and hands its batch to the workflow that takes it in (R19). From the last
 * transaction on people see the batch; its answer is stored with it.
 */
export const handOver = async (
  ctx: Context,
  receiving: Receiving,
  file: SpooledFile,
  { becomes, totals }: { becomes: 'draft' | 'queued'; totals: CsvTotals | null },
): Promise<Result<WireBatch> | typeof LOST> => {
  const { batch } = receiving;
  let { rowVersion } = receiving;
  const before = await ctx.inTenant((stores) => stores.uploads.countParts(batch.id));
  let parts = 0;
  for await (const plain of inParts(file.open())) {
    const part = parts++;
    if (part < before) continue;
    const stored = await ctx.inTenant(async (stores) => {
      if (!(await moveOwn(stores, batch.id, rowVersion, { deadlineAt: leaseEnd(stores) }))) return false;
      const sealed = await ctx.services.vault.seal(stores.keys, partPlace(ctx.tenantId, batch.id, part), plain);
      await stores.uploads.insertPart(batch.id, part, sealed);
      return true;
    });
    if (!stored) return LOST;
    rowVersion += 1;
  }
  return ctx.inTenant(async (stores) => {
    // No lease any more: the workflow ends the upload, whatever happens to this process.
    if (!(await moveOwn(stores, batch.id, rowVersion, { deadlineAt: null }))) return LOST;
    await makeKeys(ctx, stores);
    const { count, total } = totals ?? { count: null, total: null };
    const size = { bytes: BigInt(file.bytes), lines: Math.max(0, file.lines - 1), parts };
    await stores.uploads.insert({ batchId: batch.id, becomes, ...doneBy(ctx.actor), ...size, count, total, rowsStored: receiving.nextOrdinal });
    await stores.outbox.add({ batchId: batch.id, message: 'batch_changed' });
    await stores.audit.append({
      subject: { type: 'batch', id: batch.id },
      action: 'batch.receive',
      result: 'ok',
      detail: { source_sha256: toHex(file.sha256), bytes: file.bytes, becomes },
    });
    return answer(await readBatch(ctx, stores, batch.id));
  });
};

/** The worker seals under the workspace's keys and makes none (R18), so those that it will need are made here. */
const makeKeys = async ({ tenantId, services: { vault } }: Context, stores: Stores): Promise<void> => {
  await vault.macs(stores.keys, tenantId, 'fingerprint');
};

async function* inParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const block of bytes) {
    for (let rest = block; rest.length > 0; ) {
      const taken = rest.subarray(0, PART_BYTES - size);
      held.push(taken);
      size += taken.length;
      rest = rest.subarray(taken.length);
      if (size < PART_BYTES) continue;
      yield Buffer.concat(held);
      held = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.concat(held);
}

/** Reads a file that was handed over, a part at a time. Throws when a part is missing or was changed. */
export async function* handedOver(ctx: Context, batchId: string, parts: number): AsyncGenerator<Uint8Array> {
  for (let part = 0; part < parts; part++)
    yield await ctx.inTenant(async (stores) => {
      const sealed = await stores.uploads.part(batchId, part);
      if (!sealed) throw new Error(`part ${part} of the file of batch ${batchId} is missing`);
      return ctx.services.vault.open(stores.keys, partPlace(ctx.tenantId, batchId, part), sealed);
    });
}
