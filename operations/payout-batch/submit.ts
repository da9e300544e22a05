import { personBehind } from '../../domain/actors.js';
import { gateDeadline } from '../../domain/batch/deadlines.js';
import { BATCH_TRANSITIONS, mayMove } from '../../domain/batch/states.js';
import { ok, type Result } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { noSuchBatch, wrongState } from './refusals.js';
import { toWireBatch, type WireBatch } from './view.js';

/** Hands a draft to the gates: draft → queued. Refuses with `not_found` or `wrong_state`. Who submits is a preparer. */
export const submitPayoutBatch = (ctx: Context, input: { batch_id: string }): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const id = input.batch_id;
    const subject = { type: 'batch', id } as const;
    const control = await stores.batches.lock(id);
    const view = control && (await stores.batches.view(id));
    if (!control || !view) return noSuchBatch();
    if (!mayMove('submit', control.state))
      return refusedAndAudited(stores, { subject, action: 'batch.submit', detail: { state: control.state } }, wrongState('submit', control.state));

    const person = personBehind(ctx.actor);
    if (person) await stores.batches.addPreparer(id, person, 'submit');
    const { to: state } = BATCH_TRANSITIONS.submit;
    const moved = await stores.batches.move(id, control.rowVersion, { state, deadlineAt: gateDeadline(stores.now, view.batch.executeBy) });
    if (!moved) throw new Error('a locked control row was moved by somebody else');
    await stores.outbox.add({ batchId: id, message: 'batch_changed' });
    await stores.audit.append({
      subject,
      action: 'batch.submit',
      result: 'ok',
      detail: { from: control.state, to: state, content_version: control.contentVersion },
    });
    const after = await stores.batches.view(id);
    return after ? ok(toWireBatch(after, ctx.tenantId)) : noSuchBatch();
  });
