import type { z } from 'zod';
import type { newItem } from '../../contracts/batches.js';
import { repeatedFile } from '../../domain/batch/refusals.js';
import { repeatError, repeatedPayments } from '../../domain/batch/repeats.js';
import type { FieldError, Refusal } from '../../domain/result.js';
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
  if (!repeats) return null;
  return repeatedPayments(
    repeats,
    repeats.first.map((one) => repeatError(itemOf(one.place), one, input.currency)),
  );
};

/** Where an item of a request stands, as an error shows it. */
export const itemOf = (ordinal: number): Place => ({ field: `items.${ordinal}` });

type Place = Pick<FieldError, 'field' | 'row' | 'line'>;

/** Refuses a file that an earlier batch was made from. Null when there is none, or when it is allowed. */
export const refuseSameFile = async (stores: Stores, allowDuplicates: boolean, sha256: Uint8Array | null): Promise<Refusal | null> => {
  const batchId = allowDuplicates || sha256 === null ? null : await stores.facts.sameFile(sha256);
  return batchId === null ? null : repeatedFile(batchId);
};

/**
 * Seals the facts of a new batch whose items are stored. Refuses the file or the payments of an earlier batch unless they are allowed;
 * the caller then undoes the batch. `placeOf` says where an item stands in what was sent.
 */
export const sealNew = async (stores: Stores, batch: NewBatch, placeOf: (ordinal: number) => Place): Promise<Refusal | null> => {
  const { sameFileBatchId, repeated, shown, firstRepeats } = await stores.facts.seal(batch.id, 1);
  if (batch.allowDuplicates) return null;
  if (sameFileBatchId !== null) return repeatedFile(sameFileBatchId);
  if (repeated === 0) return null;
  const same = await stores.facts.samePayments(batch.id, firstRepeats);
  return repeatedPayments(
    { count: repeated, earlier: shown.earlier ?? [] },
    same.map((one) => repeatError(placeOf(one.ordinal), one, batch.currency)),
  );
};
