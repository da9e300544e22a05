import { noSuchBatch, wrongState } from '../../domain/batch/refusals.js';
import type { BatchState } from '../../domain/batch/states.js';
import type { Gate } from '../../domain/gate.js';
import { type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import type { Stores } from '../ports.js';

/**
 * Refuses an action on a batch that is not there; absent and foreign look the same. The audit event stands under the workspace,
 * because an id that names nothing must not become a subject.
 */
export const refuseAbsent = (ctx: Context, stores: Stores, action: string, batchId: string): Promise<Result<never>> =>
  refusedAndAudited(stores, { subject: { type: 'workspace', id: ctx.tenantId }, action, detail: { batch_id: batchId } }, noSuchBatch().refusal);

/** Refuses a gate where there is nothing to sign: the batch is absent, or its file is not taken in (R19). */
export const refuseUnreceived = async (
  ctx: Context,
  stores: Stores,
  action: `gate.${string}`,
  gate: Gate,
  batchId: string,
): Promise<Result<never>> => {
  const control = await stores.batches.control(batchId);
  if (!control) return refuseAbsent(ctx, stores, action, batchId);
  const { state } = control;
  return refusedAndAudited(stores, { subject: { type: 'batch', id: batchId }, action, detail: { gate, state } }, wrongState(gate, state));
};

/** Refuses an action that the batch's state does not allow. The refusal names the state, for a caller who lost a race. */
export const refuseState = (
  stores: Stores,
  verb: 'submit' | 'edit' | 'reject' | 'cancel' | 'pause' | 'resume',
  batchId: string,
  state: BatchState,
): Promise<Result<never>> =>
  refusedAndAudited(stores, { subject: { type: 'batch', id: batchId }, action: `batch.${verb}`, detail: { state } }, wrongState(verb, state));

/** Refuses to give back money of a batch that may have been paid before the database was restored (R15). Null when it is not such a batch. */
export const refuseInDoubt = async (
  stores: Stores,
  verb: 'edit' | 'reject' | 'cancel',
  batchId: string,
  state: BatchState,
): Promise<Result<never> | null> => {
  if (!(await stores.recoveries.markOf(batchId))) return null;
  const { refusal } = refuse('batch_in_doubt', 'Execute the batch: what the provider has is found by looking it up, and only the rest is sent.', {
    extra: { state },
  });
  return refusedAndAudited(stores, { subject: { type: 'batch', id: batchId }, action: `batch.${verb}`, detail: { state } }, refusal);
};
