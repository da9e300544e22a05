import type { z } from 'zod';
import type { proposalChallenge } from '../../contracts/exceptions.js';
import { CHALLENGE_MS } from '../../domain/gate.js';
import { toHex } from '../../domain/hashing.js';
import { toItemId, toWireId } from '../../domain/ids.js';
import { proposalChallengeBytes } from '../../domain/proposal.js';
import type { Refusal, Result } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { subjectOf } from '../exception/refuse.js';
import { usableFactor } from '../factor/match-code.js';
import { answer } from '../idempotency/answer.js';
import { confirmRefusal } from './confirm.js';
import { lockProposal, type ProposalFacts, refuseAbsentProposal } from './lock.js';

export type ProposalChallenge = z.infer<typeof proposalChallenge>;

const LARGEST_SHOWN = 10;

/**
 * Shows a second person what they would confirm, and gives them a challenge for it: bound to the person and to the digest of the
 * proposal, valid for five minutes and for one use. Refuses a person whom the confirmation would refuse.
 */
export const askProposalChallenge = (ctx: Context, input: { proposal_id: string }): Promise<Result<ProposalChallenge>> =>
  ctx.inTenant(async (stores) => {
    const facts = await lockProposal(ctx, stores, input.proposal_id);
    if (!facts) return refuseAbsentProposal(ctx, stores, 'exception.challenge', input.proposal_id);
    const { proposal, exception } = facts;
    const entry = { subject: subjectOf(ctx, exception), action: 'exception.challenge' } as const;
    const about = { exception_id: exception.id, proposal_id: proposal.id };
    const refused = (refusal: Refusal) => refusedAndAudited(stores, { ...entry, detail: { ...about, state: proposal.state } }, refusal);
    const refusal = await confirmRefusal(ctx, stores, facts);
    if (refusal) return refused(refusal);
    if (ctx.actor.type !== 'user') throw new Error('the rules let an actor through that is no person');
    const factor = await usableFactor(stores, ctx.actor.personId);
    if (!factor.ok) return refused(factor.refusal);

    const bound = {
      id: ctx.services.entropy.newId(),
      proposalId: proposal.id,
      personId: ctx.actor.personId,
      digest: facts.digest,
      expiresAt: new Date(stores.now.getTime() + CHALLENGE_MS),
    };
    await stores.proposals.insertChallenge(bound);
    const binding = { ...bound, challengeId: bound.id, tenantId: ctx.tenantId, expiresAt: bound.expiresAt.toISOString() };
    await stores.audit.append({
      ...entry,
      result: 'ok',
      detail: {
        ...about,
        challenge_id: bound.id,
        challenge_sha256: toHex(ctx.services.sha256(proposalChallengeBytes(binding))),
        digest: toHex(bound.digest),
      },
    });
    return answer({
      object: 'proposal_challenge',
      id: toWireId('challenge', bound.id),
      proposal_id: toWireId('proposal', proposal.id),
      digest: toHex(bound.digest),
      expires_at: binding.expiresAt,
      summary: summaryOf(facts),
    });
  });

const summaryOf = ({ proposal, exception, currency, items }: ProposalFacts): ProposalChallenge['summary'] => {
  const { batchId } = proposal;
  const largest = batchId === null ? [] : [...items].sort((a, b) => Number(b.amount - a.amount) || a.ordinal - b.ordinal).slice(0, LARGEST_SHOWN);
  return {
    kind: exception.kind,
    choice: proposal.choice,
    reason: proposal.reason,
    proposed_by: toWireId('person', proposal.proposedBy),
    batch_id: batchId && toWireId('batch', batchId),
    item_count: proposal.itemCount,
    total: Number(proposal.total),
    currency,
    largest: largest.map(({ ordinal, amount, providerReference }) => ({
      item_id: toItemId(batchId ?? '', ordinal),
      amount: Number(amount),
      provider_reference: providerReference,
    })),
  };
};
