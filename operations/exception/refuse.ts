import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import type { Stores } from '../ports.js';
import type { ExceptionRow } from '../stores/exceptions.js';

/** Absent and foreign look the same. */
export const noSuchException = () => refuse('not_found', 'This workspace has no such exception.');

/** Refuses an action on an exception that is not there, under the workspace: an id that names nothing must not become a subject. */
export const refuseAbsentException = (ctx: Context, stores: Stores, action: string, exceptionId: string): Promise<Result<never>> =>
  refusedAndAudited(
    stores,
    { subject: { type: 'workspace', id: ctx.tenantId }, action, detail: { exception_id: exceptionId } },
    noSuchException().refusal,
  );

/** What an audit event about an exception stands under: its batch, so that the batch's stream shows it, or else its connection or workspace. */
export const subjectOf = (ctx: Context, { batchId, connectionId }: Pick<ExceptionRow, 'batchId' | 'connectionId'>) => {
  if (batchId !== null) return { type: 'batch', id: batchId } as const;
  return connectionId === null ? ({ type: 'workspace', id: ctx.tenantId } as const) : ({ type: 'connection', id: connectionId } as const);
};

export const resolvedRefusal = (): Refusal => refuse('exception_resolved', 'Read the exception to see how it ended.').refusal;
