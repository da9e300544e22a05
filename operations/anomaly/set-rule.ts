import type { z } from 'zod';
import type { setAnomalyRule as contract } from '../../contracts/anomalies.js';
import { thresholdProblem } from '../../domain/anomalies.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { proveByCode } from '../factor/prove.js';
import { answer } from '../idempotency/answer.js';
import { rulesIn, type WireAnomalyRules } from './rules.js';

/**
 * Sets the thresholds of one kind for the workspace, from the next refusal on. It takes a code of a second factor: whoever has stolen a key and
 * a session would say `never` first.
 *
 * Refuses with `forbidden` (the caller is not a person), `invalid_request` (a person cannot be suspended, or the threshold lies below the
 * alert's), `code_wrong`, `otp_step_used`, `factor_locked` or `factor_missing`.
 */
export const setAnomalyRule = (ctx: Context, input: z.output<typeof contract>): Promise<Result<WireAnomalyRules>> => {
  const { actor } = ctx;
  const { kind, alert_at: alertAt } = input;
  const suspendAt = input.suspend_at === 'never' ? null : input.suspend_at;
  return ctx.inTenant(async (stores) => {
    const entry = {
      subject: { type: 'workspace', id: ctx.tenantId },
      action: 'workspace.set_anomaly_rule',
      detail: { kind, alert_at: alertAt, suspend_at: suspendAt },
    } as const;
    const refused = (refusal: Refusal) => refusedAndAudited(stores, entry, refusal);
    if (actor.type !== 'user') return refused(refuse('forbidden', 'Only a person signed in as themselves sets what is told.').refusal);
    const problem = thresholdProblem(kind, { alertAt, suspendAt });
    if (problem) {
      const errors = [{ ...problem, reason: 'threshold' }];
      return refused(refuse('invalid_request', 'These thresholds do not go together.', { errors }).refusal);
    }
    const unproven = await proveByCode(ctx, stores, actor.personId, input.code);
    if (unproven) return refused(unproven);
    await stores.anomalies.setRule({ kind, alertAt, suspendAt, setBy: actor.personId });
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer(await rulesIn(ctx, stores));
  });
};
