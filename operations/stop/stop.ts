import type { z } from 'zod';
import type { stopWorkspace as contract } from '../../contracts/stops.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import { type Context, refusedAndAudited } from '../context.js';
import { proveByAnyCode } from '../factor/prove.js';
import { answer } from '../idempotency/answer.js';
import { readStop, type WireStop } from './view.js';

/**
 * Stops all money of the caller's own workspace: when the answer is there, nothing is sent any more, in running batches too (R1). People and
 * keys still get in and read, and correct what is wrong. Stopping again changes nothing but that whoever asked to lift it asks no longer.
 * Takes a recovery code too. Refuses with `forbidden` (no person), `code_wrong`, `otp_step_used`, `factor_locked` or `factor_missing`.
 */
export const stopWorkspace = (ctx: Context, { reason, code }: z.output<typeof contract>): Promise<Result<WireStop>> =>
  ctx.inTenant(async (stores): Promise<Result<WireStop>> => {
    const { actor } = ctx;
    const detail = { reason_sha256: reasonHash(ctx, reason) };
    const entry = { subject: { type: 'workspace', id: ctx.tenantId }, action: 'workspace.stop', detail } as const;
    const refused = (refusal: Refusal) => refusedAndAudited(stores, entry, refusal);
    if (actor.type !== 'user') return refused(refuse('forbidden', 'Only a person signed in as themselves stops the money of a workspace.').refusal);
    await stores.workspaces.lock();
    const unproven = await proveByAnyCode(ctx, stores, await stores.factors.lock(actor.personId, 'session'), code);
    if (unproven) return refused(unproven);
    const open = await stores.stops.current();
    const id = open?.id ?? ctx.services.entropy.newId();
    if (!open) {
      await stores.stops.begin({ id, reason, personId: actor.personId });
      await stores.workspaces.stop();
    } else if (open.liftAskedBy !== null) await stores.stops.keep(id);
    await stores.audit.append({ ...entry, result: 'ok', detail: { ...detail, stop_id: id } });
    return answer(await readStop(stores));
  });
