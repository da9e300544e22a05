import type { z } from 'zod';
import type { proposeRecovery as contract } from '../../contracts/exceptions.js';
import { toHex } from '../../domain/hashing.js';
import { proposalDigest, refusalToPropose } from '../../domain/proposal.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { openException } from '../exception/raise.js';
import { type WireProposal, wireProposal } from '../exception/view.js';
import { answer } from '../idempotency/answer.js';
import { planRecovery } from './plan.js';
import { recoveryRefusal } from './refuse.js';

const KIND = 'database_restored';

/** The reason of a proposal to recover ends with the digest of its plan, so both people stand behind that plan (`plannedIn`). */
const withPlan = (reason: string, digest: string): string => `${reason} (plan ${digest})`;

/** The digest of the plan that a proposal to recover is about. */
export const plannedIn = (reason: string): string | null => /\(plan ([0-9a-f]{64})\)$/.exec(reason)?.[1] ?? null;

/**
 * Proposes to recover the workspace by the plan that the person has read. A second person confirms like any other proposal; then the worker
 * carries it out. Refuses with `not_in_recovery`, `not_ready` before the first comparison, or `plan_changed` when the plan is another one.
 */
export const proposeRecovery = (ctx: Context, input: z.output<typeof contract>): Promise<Result<WireProposal>> =>
  ctx.inTenant(async (stores) => {
    const plan = await planRecovery(ctx, stores);
    const entry = {
      subject: { type: 'workspace', id: ctx.tenantId },
      action: 'exception.propose',
      detail: { kind: KIND, plan: plan.digest },
    } as const;
    const refused = (refusal: Refusal) => refusedAndAudited(stores, entry, refusal);
    const recovering = recoveryRefusal(ctx);
    if (recovering === null) return refused(notInRecovery());
    // Whether there is anything to recover is not known yet.
    if (recovering.code === 'not_ready') return refused(recovering);
    const refusal = refusalToPropose({ actor: ctx.actor, kind: KIND, choice: 'recover', preparers: [] });
    if (refusal) return refused(refusal);
    if (ctx.actor.type !== 'user') throw new Error('the rules let an actor through that is no person');
    if (plan.digest !== input.plan_digest) return refused(planChanged());

    const { raised, alert } = await openException(ctx, stores, { kind: KIND });
    const said = {
      id: ctx.services.entropy.newId(),
      exceptionId: raised.id,
      batchId: null,
      choice: 'recover',
      proposedBy: ctx.actor.personId,
    } as const;
    const reason = withPlan(input.reason, plan.digest);
    const digest = proposalDigest(ctx.services.sha256, { ...said, tenantId: ctx.tenantId, kind: KIND, reason, items: [] });
    const row = { ...said, reason, digest, state: 'proposed', itemCount: 0, total: 0n } as const;
    await stores.proposals.insert(row, []);
    await alert();
    await stores.audit.append({
      ...entry,
      result: 'ok',
      detail: { ...entry.detail, exception_id: raised.id, proposal_id: row.id, digest: toHex(digest) },
    });
    return answer(await wireProposal(stores, { ...row, problem: null, createdAt: stores.now, endedAt: null }, null));
  });

const notInRecovery = (): Refusal =>
  refuse('not_in_recovery', 'Nothing has to be recovered: the database holds everything that was published.').refusal;

export const planChanged = (): Refusal => refuse('plan_changed', 'Read the plan again, and propose what it says now.').refusal;
