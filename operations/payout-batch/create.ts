import type { z } from 'zod';
import type { createBatch, validation } from '../../contracts/batches.js';
import { chunkRootsOf, contentOf, withLeaf } from '../../domain/batch/content.js';
import { gateDeadline } from '../../domain/gate.js';
import type { Refusal, Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { checkItems } from '../intake/check-items.js';
import { recordNew, refuseNew } from '../intake/record-new.js';
import { resolveTerms, type Terms } from '../intake/resolve-terms.js';
import { externalIdIsTaken } from '../intake/sweep-uploads.js';
import { ensurePayees } from '../payee/ensure.js';
import type { Stores } from '../ports.js';
import type { NewBatch } from '../stores/batches.js';
import type { NewItem } from '../stores/items.js';
import { externalIdTaken, wrongInput } from './refusals.js';
import type { WireBatch } from './view.js';

export type CreateInput = z.output<typeof createBatch> & { validate_only: boolean };
export type Validation = z.infer<typeof validation>;

/**
 * Creates a payout batch from JSON, all or nothing, in one transaction: payees, items, leaves, roots, digest, audit event
 * and the message to the workflow. With `validate_only` it checks the same and writes nothing.
 *
 * Refuses with `invalid_request` (up to 100 errors), `duplicate_items` or `external_id_taken`.
 */
export const createPayoutBatch = (ctx: Context, input: CreateInput): Promise<Result<WireBatch | Validation>> =>
  ctx.inTenant(async (stores) => {
    const declined = (refusal: Refusal) => (input.validate_only ? { ok: false as const, refusal } : refuseNew(ctx, stores, 'json', refusal));
    const resolved = await resolveTerms(ctx, stores, input);
    if ('errors' in resolved) return declined(wrongInput(resolved.errors));
    const refusal = await checkItems(ctx, stores, input, resolved.terms);
    if (refusal) return declined(refusal);
    if (input.external_id && (await externalIdIsTaken(stores, input.external_id))) return declined(externalIdTaken());
    const total = input.items.reduce((sum, item) => sum + BigInt(item.amount), 0n);
    if (input.validate_only)
      return answer({ object: 'validation', valid: true, item_count: input.items.length, total: Number(total), currency: input.currency });

    const batch = newBatch(ctx, input, resolved.terms, { source: 'json', sourceSha256: null });
    const state = input.draft ? 'draft' : 'queued';
    // The batch comes before its payees, so that of several with one external_id the others wait here and write nothing.
    if (!(await stores.batches.insert(batch, state, gateDeadline(stores.now, batch.executeBy)))) return declined(externalIdTaken());
    const items = await makeItems(ctx, stores, batch, input.items);
    await stores.items.insert(batch.id, items);
    const roots = chunkRootsOf(
      ctx.services.sha256,
      items.map(({ leaf }) => leaf),
      0,
      batch.chunkSize,
    );
    await stores.batches.putChunkRoots(batch.id, roots);
    const counted = { contentVersion: 1, size: items.length, count: items.length, total };
    const content = contentOf(
      ctx.services.sha256,
      ctx,
      batch,
      counted,
      roots.map(({ root }) => root),
    );
    return answer(await recordNew(ctx, stores, batch, state, content));
  });

/** The immutable part of a batch, before it is stored. */
export const newBatch = (
  ctx: Context,
  header: Pick<CreateInput, 'external_id' | 'description' | 'allow_duplicates'>,
  terms: Terms,
  origin: Pick<NewBatch, 'source' | 'sourceSha256'>,
): NewBatch => ({
  id: ctx.services.entropy.newId(),
  externalId: header.external_id ?? null,
  description: header.description,
  rail: terms.rail,
  connectionId: terms.connectionId,
  fundingAccountId: terms.fundingAccountId,
  currency: terms.currency,
  chunkSize: terms.capabilities.chunkSize,
  ...origin,
  allowDuplicates: header.allow_duplicates,
  feeBearer: 'sender',
  feeMaximum: 0n,
  executeNotBefore: terms.executeNotBefore,
  executeBy: terms.executeBy,
});

const makeItems = async (ctx: Context, stores: Stores, batch: NewBatch, inputs: CreateInput['items']): Promise<NewItem[]> => {
  const payees = await ensurePayees(ctx, stores, inputs);
  return inputs.map((input, ordinal) => {
    const payee = payees[ordinal];
    if (!payee || 'errors' in payee) throw new Error('a payee changed between check and use; the whole request may be sent again');
    const { payeeId, destinationId, commitment } = payee;
    const { reference, remittance } = input;
    return withLeaf(ctx.services.sha256, batch, { ordinal, payeeId, destinationId, reference, remittance, amount: BigInt(input.amount) }, commitment);
  });
};
