import type { BatchState } from '../../domain/batch/states.js';
import type { Result } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import type { Stores } from '../ports.js';
import { noSuchBatch, wrongState } from './refusals.js';

/**
 * A deed on a batch that is not there, absent and foreign alike. Audited under the workspace, because an id that
 * names nothing must not become a subject.
 */
export const refuseAbsent = (ctx: Context, stores: Stores, action: string, batchId: string): Promise<Result<never>> =>
  refusedAndAudited(stores, { subject: { type: 'workspace', id: ctx.tenantId }, action, detail: { batch_id: batchId } }, noSuchBatch().refusal);

/** A deed that the batch's state does not allow; says which state was found, for whoever lost a race. */
export const refuseState = (
  stores: Stores,
  verb: 'reject' | 'cancel' | 'pause' | 'resume',
  batchId: string,
  state: BatchState,
): Promise<Result<never>> =>
  refusedAndAudited(stores, { subject: { type: 'batch', id: batchId }, action: `batch.${verb}`, detail: { state } }, wrongState(verb, state));
