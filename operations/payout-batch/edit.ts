import type { z } from 'zod';
import type { editBatch } from '../../contracts/batches.js';
import { personBehind } from '../../domain/actors.js';
import { contentOf } from '../../domain/batch/content.js';
import { BATCH_TRANSITIONS, mayMove } from '../../domain/batch/states.js';
import { gateDeadline } from '../../domain/gate.js';
import { toHex } from '../../domain/hashing.js';
import { transitionsRoot } from '../../domain/item/transitions.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { releaseHold } from '../ledger/release-hold.js';
import type { Stores } from '../ports.js';
import type { BatchRow, ContentRow, ControlRow } from '../stores/batches.js';
import { type Exclusion, planExclusion } from './plan-exclusion.js';
import { wrongInput, wrongState } from './refusals.js';
import { refuseAbsent } from './refuse-deed.js';
import { shown, type WireBatch } from './view.js';

export type EditInput = { batch_id: string } & z.output<typeof editBatch>;

/**
 * Leaves items out and re-totals the rest. A gated batch goes back to queued: its gates and its hold are void, open
 * challenges are cancelled, and whoever edits is a preparer from then on (R9).
 *
 * Refuses with `not_found`, `wrong_state`, `batch_changed` (row_version), `invalid_request` (an item that is not in the
 * batch or is out already) or `batch_empty`.
 */
export const editPayoutBatch = (ctx: Context, input: EditInput): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const id = input.batch_id;
    const control = await stores.batches.lock(id);
    const batch = control && (await stores.batches.get(id));
    if (!control || !batch) return refuseAbsent(ctx, stores, 'batch.edit', id);
    const declined = (refusal: Refusal) =>
      refusedAndAudited(stores, { subject: { type: 'batch', id }, action: 'batch.edit', detail: { state: control.state } }, refusal);
    if (!mayMove(verbFrom(control), control.state)) return declined(wrongState('edit', control.state));
    if (input.row_version !== undefined && input.row_version !== control.rowVersion) return declined(changed(control));

    const content = await stores.batches.content(id, control.contentVersion);
    if (!content) throw new Error(`batch ${id} has no content of its current version`);
    const planned = await planExclusion(ctx, stores, batch, content.size, input.exclude);
    if ('errors' in planned) return declined(wrongInput(planned.errors));
    if (planned.count === content.count) return declined(empty());
    await exclude(ctx, stores, { batch, control, content }, planned);
    return ok(await shown(ctx, stores, id));
  });

const verbFrom = (control: ControlRow) => (control.state === 'draft' ? 'edit_draft' : 'edit');

const changed = (control: ControlRow): Refusal =>
  refuse('batch_changed', 'Somebody changed the batch after you read it. Read it again, then decide.', {
    extra: { state: control.state, row_version: control.rowVersion },
  }).refusal;

const empty = (): Refusal => refuse('batch_empty', 'This would leave nothing to pay. Cancel the batch instead.').refusal;

/** All writes, in the order in which everybody locks: control (held already), items, hold, accounts, counter, audit (R8). */
const exclude = async (
  ctx: Context,
  stores: Stores,
  before: { batch: BatchRow; control: ControlRow; content: ContentRow },
  plan: Exclusion,
): Promise<void> => {
  const { batch, control, content } = before;
  const id = batch.id;
  const eventId = stores.audit.newId();
  const moved = await stores.items.exclude(id, plan.tombstones, eventId);
  if (moved.length !== plan.count) throw new Error(`of ${plan.count} items of batch ${id} only ${moved.length} were pending under its lock`);
  await stores.batches.putChunkRoots(id, plan.chunkRoots);
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
  if (!(await stores.batches.move(id, control.rowVersion, { state, contentVersion: next.contentVersion, deadlineAt })))
    throw new Error(`batch ${id} moved under its own lock`);
  await stores.outbox.add({ batchId: id, message: 'batch_changed' });
  const released = await releaseHold(stores, batch, eventId);
  await stores.batches.addToCounter(id, { open: -plan.count, excluded: plan.count });
  await stores.audit.append({
    id: eventId,
    subject: { type: 'batch', id },
    action: 'batch.edit',
    result: 'ok',
    detail: {
      from: control.state,
      to: state,
      excluded: plan.count,
      transitions_root: toHex(transitionsRoot(ctx.services.sha256, plan.transitions)),
      content_version: next.contentVersion,
      count: next.count,
      total: next.total.toString(),
      digest_before: toHex(content.digest),
      digest: toHex(next.digest),
      released: released.toString(),
    },
  });
};
