import { personBehind } from '../../domain/actors.js';
import { BATCH_TRANSITIONS, mayMove } from '../../domain/batch/states.js';
import { gateDeadline } from '../../domain/gate.js';
import type { Result } from '../../domain/result.js';
import { readBatch, type WireBatch } from '../batch-state/read.js';
import { refuseAbsent, refuseState } from '../batch-state/refuse.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';

/** Hands a draft to the gates: draft → queued. The person who submits is a preparer. Refuses with `not_found` or `wrong_state`. */
export const submitPayoutBatch = (ctx: Context, input: { batch_id: string }): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const id = input.batch_id;
    const control = await stores.batches.lock(id);
    const batch = control && (await stores.batches.get(id));
    if (!control || !batch) return refuseAbsent(ctx, stores, 'batch.submit', id);
    if (!mayMove('submit', control.state)) return refuseState(stores, 'submit', id, control.state);

    const person = personBehind(ctx.actor);
    if (person) await stores.batches.addPreparer(id, person, 'submit');
    const state = BATCH_TRANSITIONS.submit.to;
    await stores.batches.moveLocked(id, control.rowVersion, { state, deadlineAt: gateDeadline(stores.now, batch.executeBy) });
    await stores.outbox.add({ batchId: id, message: 'batch_changed' });
    await stores.audit.append({
      subject: { type: 'batch', id },
      action: 'batch.submit',
      result: 'ok',
      detail: { from: control.state, to: state, content_version: control.contentVersion },
    });
    return answer(await readBatch(ctx, stores, id));
  });
