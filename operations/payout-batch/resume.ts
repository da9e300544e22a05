import { isAwakePerson } from '../../domain/actors.js';
import { isTerminalBatch } from '../../domain/batch/states.js';
import { type Result, refuse } from '../../domain/result.js';
import { readBatch, type WireBatch } from '../batch-state/read.js';
import { refuseAbsent, refuseState } from '../batch-state/refuse.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';

/**
 * Lets a paused batch go on. Resuming a batch that is not paused changes nothing. A person does it: a machine stops a batch and never lets it go
 * on. Refuses with `not_found`, `forbidden` (not a person), or `wrong_state` when the batch has ended.
 */
export const resumePayoutBatch = (ctx: Context, input: { batch_id: string }): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(input.batch_id);
    if (!control) return refuseAbsent(ctx, stores, 'batch.resume', input.batch_id);
    const id = control.batchId;
    if (!isAwakePerson(ctx.actor))
      return refusedAndAudited(stores, { subject: { type: 'batch', id }, action: 'batch.resume', detail: { state: control.state } }, BY_PERSON);
    if (isTerminalBatch(control.state)) return refuseState(stores, 'resume', id, control.state);

    if (control.pausedAt !== null) {
      await stores.batches.moveLocked(id, control.rowVersion, { pausedAt: null, reason: null });
      await stores.outbox.add({ batchId: id, message: 'batch_changed' });
    }
    await stores.audit.append({ subject: { type: 'batch', id }, action: 'batch.resume', result: 'ok', detail: { state: control.state } });
    return answer(await readBatch(ctx, stores, id));
  });

const BY_PERSON = refuse(
  'forbidden',
  'Only a person who signed in with a second factor resumes a batch. An API key pauses, and does not let go on.',
).refusal;
