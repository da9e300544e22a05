import { noSuchBatch, wrongState } from '../../domain/batch/refusals.js';
import type { BatchState } from '../../domain/batch/states.js';
import type { Result } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import type { Stores } from '../ports.js';

/**
 * Refuses an action on a batch that is not there; absent and foreign look the same. The audit event stands under the workspace,
 * because an id that names nothing must not become a subject.
 */
export const refuseAbsent = (ctx: Context, stores: Stores, action: string, batchId: string): Promise<Result<never>> =>
  refusedAndAudited(stores, { subject: { type: 'workspace', id: ctx.tenantId }, action, detail: { batch_id: batchId } }, noSuchBatch().refusal);

/** Refuses an action that the batch's state does not allow. The refusal names the state, for a caller who lost a race. */
export const refuseState = (
  stores: Stores,
  verb: 'submit' | 'edit' | 'reject' | 'cancel' | 'pause' | 'resume',
  batchId: string,
  state: BatchState,
): Promise<Result<never>> =>
  refusedAndAudited(stores, { subject: { type: 'batch', id: batchId }, action: `batch.${verb}`, detail: { state } }, wrongState(verb, state));
