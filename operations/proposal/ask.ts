import type { z } from 'zod';
import type { proposalChallenge } from '../../contracts/exceptions.js';
import { effectOf } from '../../domain/exceptions.js';
import { CHALLENGE_MS } from '../../domain/gate.js';
import { toHex } from '../../domain/hashing.js';
import { toItemId, toWireId } from '../../domain/ids.js';
import { type ProposedItem, proposalChallengeBytes } from '../../domain/proposal.js';
import type { Refusal, Result } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { byPerson, nameDoneBy } from '../done-by.js';
import { subjectOf } from '../exception/refuse.js';
import { decidingApps } from '../factor/match-code.js';
import { answer } from '../idempotency/answer.js';
import { paidTo } from '../payee/paid-to.js';
import type { Stores } from '../ports.js';
import { confirmRefusal } from './confirm.js';
import { lockProposal, type ProposalFacts, refuseAbsentProposal } from './lock.js';

export type ProposalChallenge = z.infer<typeof proposalChallenge>;

const LARGEST_SHOWN = 10;

/**
 * Shows a second person what they would confirm, and gives them a challenge for it: bound to the person and to the digest of the
 * proposal, valid for five minutes and for one use. Refuses a person whom the confirmation would refuse, also one without an authenticator app (`factor_missing`).
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
    const factors = await decidingApps(stores, ctx.actor.personId);
    if (!factors.ok) return refused(factors.refusal);

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
      summary: await summaryOf(ctx, stores, facts),
    });
  });

const summaryOf = async (ctx: Context, stores: Stores, facts: ProposalFacts): Promise<ProposalChallenge['summary']> => {
  const { proposal, exception, batchExternalId, currency } = facts;
  const nameOf = await nameDoneBy(stores, [byPerson(proposal.proposedBy)]);
  return {
    kind: exception.kind,
    choice: proposal.choice,
    effect: effectOf(proposal.choice, { items: proposal.itemCount, amount: proposal.total, currency }),
    reason: proposal.reason,
    proposed_by: toWireId('person', proposal.proposedBy),
    proposer: nameOf(byPerson(proposal.proposedBy)),
    batch_id: proposal.batchId && toWireId('batch', proposal.batchId),
    batch_external_id: batchExternalId,
    item_count: proposal.itemCount,
    total: Number(proposal.total),
    currency,
    largest: proposal.batchId === null ? [] : await largestItems(ctx, stores, proposal.batchId, facts.items),
  };
};

/** The items with the largest amounts, each with whom it was sent to. */
const largestItems = async (
  ctx: Context,
  stores: Stores,
  batchId: string,
  items: readonly ProposedItem[],
): Promise<ProposalChallenge['summary']['largest']> => {
  const largest = [...items].sort((a, b) => Number(b.amount - a.amount) || a.ordinal - b.ordinal).slice(0, LARGEST_SHOWN);
  if (largest.length === 0) return [];
  const rows = await stores.items.at(
    batchId,
    largest.map(({ ordinal }) => ordinal),
  );
  const of = await paidTo(ctx, stores, rows);
  const byOrdinal = new Map(rows.map((row) => [row.ordinal, of(row)]));
  return largest.map(({ ordinal, amount, providerReference }) => {
    const to = byOrdinal.get(ordinal);
    if (!to) throw new Error(`a proposal names item ${ordinal} of batch ${batchId}, which is not there`);
    return {
      item_id: toItemId(batchId, ordinal),
      ordinal,
      payee_reference: to.payee.reference,
      payee_name: to.name,
      amount: Number(amount),
      provider_reference: providerReference,
    };
  });
};
