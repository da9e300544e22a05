import type { z } from 'zod';
import type { editBatch } from '../../contracts/batches.js';
import { personBehind } from '../../domain/actors.js';
import { chunkOf, contentOf, rangeOf, tombstoneLeaf } from '../../domain/batch/content.js';
import { BATCH_TRANSITIONS, mayMove } from '../../domain/batch/states.js';
import { gateDeadline } from '../../domain/gate.js';
import { toHex } from '../../domain/hashing.js';
import { toItemId } from '../../domain/ids.js';
import { blockHash } from '../../domain/item/transitions.js';
import { merkleRoot } from '../../domain/merkle.js';
import { ERRORS_MAX, type FieldError, type Refusal, type Result, refuse, wrongInput } from '../../domain/result.js';
import { readBatch, type WireBatch } from '../batch-state/read.js';
import { refuseAbsent, refuseInDoubt, refuseState } from '../batch-state/refuse.js';
import { storeChunkPaths } from '../batch-state/store-chunk-paths.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import type { BatchRow, ContentRow, ControlRow } from '../stores/batches.js';
import { SEALING } from '../stores/facts.js';

type EditInput = { batch_id: string } & z.output<typeof editBatch>;

/**
 * Excludes items and computes the total of the others anew. A gated batch goes back to queued: its gates become void, its hold is
 * released, its open challenges are cancelled, and the person who edits is a preparer from then on (R9).
 *
 * Refuses with `not_found`, `wrong_state`, `batch_changed` (row_version), `invalid_request` (an item that is not in the
 * batch or is excluded already) or `batch_empty`.
 */
export const editPayoutBatch = (ctx: Context, input: EditInput): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const id = input.batch_id;
    const control = await stores.batches.lock(id);
    const batch = control && (await stores.batches.get(id));
    if (!control || !batch) return refuseAbsent(ctx, stores, 'batch.edit', id);
    if (!mayMove(verbFrom(control), control.state)) return refuseState(stores, 'edit', id, control.state);
    const doubt = await refuseInDoubt(stores, 'edit', id, control.state);
    if (doubt) return doubt;
    const refused = (refusal: Refusal) =>
      refusedAndAudited(stores, { subject: { type: 'batch', id }, action: 'batch.edit', detail: { state: control.state } }, refusal);
    if (input.row_version !== undefined && input.row_version !== control.rowVersion) return refused(changed(control));

    const content = await stores.batches.content(id, control.contentVersion);
    if (!content) throw new Error(`batch ${id} has no content of its current version`);
    const planned = await planExclusion(ctx, stores, batch, content.size, input.exclude);
    if ('errors' in planned) return refused(wrongInput(planned.errors));
    if (planned.count === content.count) return refused(empty());
    await exclude(ctx, stores, { batch, control, content }, planned);
    return answer(await readBatch(ctx, stores, id));
  }, SEALING);

const verbFrom = (control: ControlRow) => (control.state === 'draft' ? 'edit_draft' : 'edit');

const changed = (control: ControlRow): Refusal =>
  refuse('batch_changed', 'Somebody changed the batch after you read it. Read it again, then decide.', {
    extra: { state: control.state, row_version: control.rowVersion },
  }).refusal;

const empty = (): Refusal => refuse('batch_empty', 'This would leave nothing to pay. Cancel the batch instead.').refusal;

/** What an exclusion changes, before anything is written. */
interface Exclusion {
  count: number;
  /** Minor units. */
  amount: bigint;
  tombstones: { ordinal: number; leaf: Uint8Array }[];
  /** New roots of the chunks that now hold a tombstone; the others keep theirs. */
  chunkRoots: { chunk: number; root: Uint8Array }[];
}

/** Reads the chunks of the asked items, one at a time, and computes their new leaves and roots. `size` counts all ordinals of the batch. */
const planExclusion = async (
  ctx: Context,
  stores: Stores,
  batch: BatchRow,
  size: number,
  items: readonly { batchId: string; ordinal: number }[],
): Promise<Exclusion | { errors: FieldError[] }> => {
  const { sha256 } = ctx.services;
  const errors: FieldError[] = [];
  /** Ordinal → its place in the request. */
  const asked = new Map<number, number>();
  for (const [i, item] of items.entries()) {
    if (item.batchId !== batch.id || item.ordinal >= size) errors.push(wrong(i, 'not_in_batch', 'this item is not in the batch'));
    else asked.set(item.ordinal, i);
  }

  const plan: Exclusion = { count: 0, amount: 0n, tombstones: [], chunkRoots: [] };
  for (const chunk of new Set([...asked.keys()].map((ordinal) => chunkOf(ordinal, batch.chunkSize)))) {
    const { from, to } = rangeOf(chunk, batch.chunkSize, size);
    const leaves: Uint8Array[] = [];
    for (const item of await stores.items.range(batch.id, from, to)) {
      const place = asked.get(item.ordinal);
      if (place === undefined) leaves.push(item.leaf);
      else if (item.state !== 'pending') errors.push(wrong(place, 'not_pending', `this item is ${item.state} already`));
      else {
        const leaf = tombstoneLeaf(sha256, item.ordinal, toItemId(batch.id, item.ordinal));
        leaves.push(leaf);
        plan.count += 1;
        plan.amount += item.amount;
        plan.tombstones.push({ ordinal: item.ordinal, leaf });
      }
    }
    plan.chunkRoots.push({ chunk, root: merkleRoot(sha256, leaves) });
  }
  return errors.length > 0 ? { errors: errors.slice(0, ERRORS_MAX) } : plan;
};

const wrong = (i: number, reason: string, message: string): FieldError => ({ field: `exclude.${i}`, reason, message });

/** All writes, in the lock order of R8: the batch (the caller holds it), items, hold, accounts, counter, audit. */
const exclude = async (
  ctx: Context,
  stores: Stores,
  before: { batch: BatchRow; control: ControlRow; content: ContentRow },
  plan: Exclusion,
): Promise<void> => {
  const { batch, control, content } = before;
  const id = batch.id;
  const eventId = stores.audit.newId();
  const withdrawn = await stores.items.withdraw(id, eventId, plan.tombstones);
  if (withdrawn?.count !== plan.count)
    throw new Error(`of ${plan.count} items of batch ${id} only ${withdrawn?.count ?? 0} were pending under its lock`);
  await stores.batches.putChunkRoots(id, plan.chunkRoots);
  await storeChunkPaths(ctx, stores, id);
  const counted = {
    contentVersion: control.contentVersion + 1,
    size: content.size,
    count: content.count - plan.count,
    total: content.total - plan.amount,
  };
  const next = contentOf(ctx.services.sha256, ctx, batch, counted, await stores.batches.chunkRoots(id));
  await stores.batches.insertContent(id, next);
  await stores.challenges.cancelOpen(id);
  const person = personBehind(ctx.actor);
  if (person) await stores.batches.addPreparer(id, person, 'edit');
  const state = BATCH_TRANSITIONS[verbFrom(control)].to;
  const deadlineAt = gateDeadline(stores.now, batch.executeBy);
  await stores.batches.moveLocked(id, control.rowVersion, { state, contentVersion: next.contentVersion, deadlineAt });
  await stores.outbox.add({ batchId: id, message: 'batch_changed' });
  const released = await stores.holds.release(id, eventId);
  await stores.facts.seal(id, next.contentVersion);
  await stores.audit.append({
    id: eventId,
    subject: { type: 'batch', id },
    action: 'batch.edit',
    result: 'ok',
    detail: {
      from: control.state,
      to: state,
      excluded: plan.count,
      transitions_sha256: blockHash(ctx.services.sha256, withdrawn.body),
      content_version: next.contentVersion,
      count: next.count,
      total: next.total.toString(),
      digest_before: toHex(content.digest),
      digest: toHex(next.digest),
      released: released.toString(),
    },
  });
};
