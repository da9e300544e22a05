import type { Result } from '../../domain/result.js';
import { refuse } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import { type Context, refusedAndAudited } from '../context.js';
import { subjectOf } from '../exception/refuse.js';
import { type WireProposal, wireProposal } from '../exception/view.js';
import { answer } from '../idempotency/answer.js';
import { recoveryRefusal } from '../recovery/refuse.js';
import { lockProposal, refuseAbsentProposal } from './lock.js';

/** Takes a proposal back before it is confirmed; whoever may propose may also turn down another's. Refuses with `not_found` or `proposal_closed`. */
export const withdrawProposal = (ctx: Context, input: { proposal_id: string; reason: string }): Promise<Result<WireProposal>> =>
  ctx.inTenant(async (stores) => {
    const facts = await lockProposal(ctx, stores, input.proposal_id);
    if (!facts) return refuseAbsentProposal(ctx, stores, 'exception.withdraw', input.proposal_id);
    const { proposal, exception } = facts;
    const entry = {
      subject: subjectOf(ctx, exception),
      action: 'exception.withdraw',
      detail: { exception_id: exception.id, proposal_id: proposal.id, reason_sha256: reasonHash(ctx, input.reason) },
    } as const;
    const recovering = recoveryRefusal(ctx);
    if (recovering) return refusedAndAudited(stores, entry, recovering);
    if (proposal.state !== 'proposed') {
      const { state } = proposal;
      return refusedAndAudited(stores, entry, refuse('proposal_closed', `The proposal is ${state} already.`, { extra: { state } }).refusal);
    }
    await stores.proposals.move(proposal.id, 'withdrawn');
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer(await wireProposal(stores, { ...proposal, state: 'withdrawn', endedAt: stores.now }, null));
  });
