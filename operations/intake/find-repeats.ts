import type { z } from 'zod';
import type { newItem } from '../../contracts/batches.js';
import { repeatedFile, repeatedPayments } from '../../domain/batch/refusals.js';
import type { Refusal } from '../../domain/result.js';
import type { Stores } from '../ports.js';
import type { NewBatch } from '../stores/batches.js';

/** Refuses payments that are paid or open in a batch of the last 90 days. Null when there are none, or when they are allowed. */
export const refuseRepeats = async (
  stores: Stores,
  input: { allow_duplicates: boolean; currency: string; items: readonly z.output<typeof newItem>[] },
): Promise<Refusal | null> => {
  if (input.allow_duplicates) return null;
  const asked = input.items.map(({ payee_id, payee, amount, reference }) => ({
    ...{ payeeId: payee_id ?? null, payeeReference: payee?.reference ?? null },
    ...{ amount: BigInt(amount), reference },
  }));
  const repeats = await stores.facts.repeatsOf(asked, input.currency);
  return repeats && repeatedPayments(repeats.count, repeats.batchId);
};

/** Refuses a file that an earlier batch was made from. Null when there is none, or when it is allowed. */
export const refuseSameFile = async (stores: Stores, allowDuplicates: boolean, sha256: Uint8Array | null): Promise<Refusal | null> => {
  const batchId = allowDuplicates || sha256 === null ? null : await stores.facts.sameFile(sha256);
  return batchId === null ? null : repeatedFile(batchId);
};

/**
 * Seals the facts of a new batch whose items are stored. Refuses the file or the payments of an earlier batch unless they are allowed;
 * the caller then undoes the batch.
 */
export const sealNew = async (stores: Stores, batch: NewBatch): Promise<Refusal | null> => {
  const { sameFileBatchId, repeated, repeatedBatchId } = await stores.facts.seal(batch.id, 1);
  if (batch.allowDuplicates) return null;
  if (sameFileBatchId !== null) return repeatedFile(sameFileBatchId);
  return repeatedBatchId === null ? null : repeatedPayments(repeated, repeatedBatchId);
};
