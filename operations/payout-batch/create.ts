import type { z } from 'zod';
import type { createBatch } from '../../contracts/batches.js';
import { chunkRootsOf, contentOf, withLeaf } from '../../domain/batch/content.js';
import { externalIdTaken } from '../../domain/batch/refusals.js';
import { gateDeadline } from '../../domain/gate.js';
import { limitRefusal } from '../../domain/plans.js';
import { type Refusal, type Result, wrongInput } from '../../domain/result.js';
import type { WireBatch } from '../batch-state/read.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { checkItems } from '../intake/check-items.js';
import { itemOf, refuseRepeats, sealNew } from '../intake/find-repeats.js';
import { insertNew, recordNew, refuseNew, type Validation, validated } from '../intake/record-new.js';
import { newBatch, resolveTerms } from '../intake/resolve-terms.js';
import { externalIdIsTaken } from '../intake/sweep-uploads.js';
import { ensurePayees } from '../payee/ensure.js';
import { roomRefusal } from '../plan/limits.js';
import type { Stores } from '../ports.js';
import type { NewBatch } from '../stores/batches.js';
import type { NewItem } from '../stores/items.js';
import { frozenRefusal } from '../workspace/frozen.js';

type CreateInput = z.output<typeof createBatch> & { validate_only: boolean };

/**
 * Creates a payout batch from JSON, all or nothing, in one transaction: payees, items, leaves, roots, digest, audit event
 * and the message to the workflow. With `validate_only` it makes the same checks and writes nothing.
 *
 * Refuses with `invalid_request` (up to 100 errors), `duplicate_items`, `external_id_taken`, `repeated_payments`, `plan_limit` or `workspace_frozen`.
 */
export const createPayoutBatch = async (ctx: Context, input: CreateInput): Promise<Result<WireBatch | Validation>> => {
  const { external_id } = input;
  // An abandoned upload that has it is given up in a transaction of its own, because that writes an audit event (R8).
  const taken = external_id !== undefined && (await ctx.inTenant((stores) => externalIdIsTaken(stores, external_id)));
  return ctx.inTenant(async (stores) => {
    const refused = (refusal: Refusal) => (input.validate_only ? { ok: false as const, refusal } : refuseNew(ctx, stores, 'json', refusal));
    const workspace = await stores.workspaces.get();
    const frozen = frozenRefusal(workspace);
    if (frozen) return refused(frozen);
    const tooMany = limitRefusal(workspace.plan, 'items', input.items.length, input.items.length);
    if (tooMany) return refused(tooMany);
    const resolved = await resolveTerms(ctx, stores, input);
    if ('errors' in resolved) return refused(wrongInput(resolved.errors));
    const refusal = await checkItems(ctx, stores, input, resolved.terms);
    if (refusal) return refused(refusal);
    if (taken) return refused(externalIdTaken(external_id));
    const repeats = await refuseRepeats(stores, input);
    if (repeats) return refused(repeats);
    const total = input.items.reduce((sum, item) => sum + BigInt(item.amount), 0n);
    if (input.validate_only) return answer(validated({ count: input.items.length, total }, input.currency));

    const full = await roomRefusal(stores, 'batches');
    if (full) return refused(full);
    const batch = newBatch(ctx, input, resolved.terms, { source: 'json', sourceSha256: null });
    const state = input.draft ? 'draft' : 'queued';
    // The batch is inserted before its payees, so that concurrent requests with the same external_id wait here and write nothing.
    if (!(await insertNew(ctx, stores, batch, state, gateDeadline(stores.now, batch.executeBy)))) return refused(externalIdTaken(external_id ?? ''));
    const items = await makeItems(ctx, stores, batch, input.items);
    await stores.items.insert(batch.id, items);
    const { sha256 } = ctx.services;
    const chunks = chunkRootsOf(
      sha256,
      items.map(({ leaf }) => leaf),
      0,
      batch.chunkSize,
    );
    await stores.batches.putChunkRoots(batch.id, chunks);
    const roots = chunks.map(({ root }) => root);
    const content = contentOf(sha256, ctx, batch, { contentVersion: 1, size: items.length, count: items.length, total }, roots);
    if (await sealNew(stores, batch, itemOf)) throw new Error('an equal batch was made meanwhile; the whole request may be sent again');
    return answer(await recordNew(ctx, stores, batch, state, content));
  });
};

const makeItems = async (ctx: Context, stores: Stores, batch: NewBatch, inputs: CreateInput['items']): Promise<NewItem[]> => {
  const payees = await ensurePayees(ctx, stores, inputs);
  return inputs.map((input, ordinal) => {
    const payee = payees[ordinal];
    if (!payee || 'errors' in payee) throw new Error('a payee changed between check and use; the whole request may be sent again');
    const { payeeId, destinationId, commitment } = payee;
    const { reference, remittance } = input;
    const item = { ordinal, payeeId, destinationId, reference, remittance, amount: BigInt(input.amount) };
    return withLeaf(ctx.services.sha256, batch, item, commitment);
  });
};
