import type { Json } from '../../domain/hashing.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import type { FreezeRow } from '../stores/freezes.js';
import { readTenant, type WireTenant } from './view.js';

/** Why nobody else takes a step of the platform. */
export const OPERATORS_ALONE: Refusal = refuse('forbidden', 'Only operators of the platform do this.').refusal;

/** One step of a freeze: whether this operator may take it as things stand, and what it writes. */
export interface Step {
  action: 'workspace.freeze' | 'workspace.thaw' | 'workspace.confirm_freeze' | 'workspace.confirm_thaw' | 'workspace.withdraw_freeze';
  detail: { [key: string]: Json };
  refusal(freeze: FreezeRow | null, operatorId: string): Refusal | null;
  /** Answers the id of the freeze. */
  take(stores: Stores, freeze: FreezeRow | null, operatorId: string): Promise<string>;
}

/**
 * Takes a step of a freeze under the lock of the workspace: what sends holds it shared, so nothing leaves after the answer (R1). A refused step
 * is audited in the log of the workspace as a taken one is.
 */
export const takeStep = (ctx: Context, step: Step): Promise<Result<WireTenant>> =>
  ctx.inTenant(async (stores) => {
    const { actor } = ctx;
    const entry = { subject: { type: 'workspace', id: ctx.tenantId }, action: step.action } as const;
    if (actor.type !== 'operator') return refusedAndAudited(stores, { ...entry, detail: step.detail }, OPERATORS_ALONE);
    await stores.workspaces.lock();
    const freeze = await stores.freezes.current();
    const refusal = step.refusal(freeze, actor.operatorId);
    if (refusal) return refusedAndAudited(stores, { ...entry, detail: step.detail }, refusal);
    const freezeId = await step.take(stores, freeze, actor.operatorId);
    await stores.audit.append({ ...entry, result: 'ok', detail: { ...step.detail, freeze_id: freezeId } });
    return answer(await readTenant(stores));
  });

/** The freeze that a step is about, which its refusal has looked at. */
export const openFreeze = (freeze: FreezeRow | null): FreezeRow => {
  if (!freeze) throw new Error('a step was let through that no freeze is open for');
  return freeze;
};
