import type { z } from 'zod';
import type { confirm as contract } from '../../contracts/exceptions.js';
import { sameBytes, toHex } from '../../domain/hashing.js';
import { confirmationBytes, refusalToConfirm } from '../../domain/proposal.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { resolvedRefusal, subjectOf } from '../exception/refuse.js';
import { type WireProposal, wireProposal } from '../exception/view.js';
import { decidingFactors, matchDecidingCode, spendStep } from '../factor/match-code.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import { planRecovery } from '../recovery/plan.js';
import { planChanged, plannedIn } from '../recovery/propose.js';
import { recoveryRefusal } from '../recovery/refuse.js';
import type { ProposalChallengeRow } from '../stores/proposals.js';
import { frozenRefusal } from '../workspace/frozen.js';
import { lockProposal, type ProposalFacts, refuseAbsentProposal } from './lock.js';
import { tooEarly } from './too-early.js';

type Input = { proposal_id: string } & z.output<typeof contract>;

/**
 * Confirms a proposal as the second person, in one transaction: checks the people, the challenge and the code, uses up challenge and
 * time step last (ADR 0021), and writes confirmation and audit event. The worker then carries the proposal out. A refusal is
 * audited and changes nothing but the count of wrong codes.
 */
export const confirmProposal = (ctx: Context, input: Input): Promise<Result<WireProposal>> =>
  ctx.inTenant(async (stores) => {
    const facts = await lockProposal(ctx, stores, input.proposal_id);
    if (!facts) return refuseAbsentProposal(ctx, stores, 'exception.confirm', input.proposal_id);
    const workspace = await stores.workspaces.lockShared();
    const { proposal, exception, digest } = facts;
    const entry = { subject: subjectOf(ctx, exception), action: 'exception.confirm' } as const;
    const about = { exception_id: exception.id, proposal_id: proposal.id, choice: proposal.choice, challenge_id: input.challenge_id };
    const refused = (refusal: Refusal) => refusedAndAudited(stores, { ...entry, detail: { ...about, state: proposal.state } }, refusal);

    const challenge = await stores.proposals.lockChallenge(input.challenge_id);
    const asked = ctx.actor.type === 'user' ? challengeRefusal(challenge, ctx.actor.personId, stores.now, facts) : null;
    const refusal = asked ?? (proposal.choice === 'recover' ? null : frozenRefusal(workspace)) ?? (await confirmRefusal(ctx, stores, facts));
    if (refusal) return refused(refusal);
    if (ctx.actor.type !== 'user' || !challenge) throw new Error('the rules let an actor through that is no person or has no challenge');
    const factors = await decidingFactors(stores, ctx.actor.personId);
    if (!factors.ok) return refused(factors.refusal);
    const matched = await matchDecidingCode(ctx, stores, factors.value, input.code);
    if (!matched.ok) return refused(matched.refusal);
    const spent = await spendStep(stores, factors.value, matched.value);
    if (spent) return refused(spent);

    const eventId = stores.audit.newId();
    const { personId } = ctx.actor;
    await stores.proposals.markChallengeUsed(challenge.id);
    const confirmation = {
      proposalId: proposal.id,
      personId,
      challengeId: challenge.id,
      factorId: matched.value.factor.id,
      timeStep: matched.value.step,
      digest,
      eventId,
    };
    const authenticator = ctx.services.gateKey.authenticate(confirmationBytes({ ...confirmation, tenantId: ctx.tenantId }));
    await stores.proposals.confirm({ ...confirmation, authenticator });
    await stores.proposals.move(proposal.id, 'confirmed');
    await stores.audit.append({
      ...entry,
      id: eventId,
      result: 'ok',
      detail: { ...about, factor_id: matched.value.factor.id, digest: toHex(digest), count: proposal.itemCount, amount: proposal.total.toString() },
    });
    return answer(await wireProposal(stores, { ...proposal, state: 'confirmed' }, personId));
  });

/** Why this proposal may not be confirmed by this actor now. Null when it may. */
export const confirmRefusal = async (ctx: Context, stores: Stores, facts: ProposalFacts): Promise<Refusal | null> => {
  const { proposal, exception, items, preparers, digest } = facts;
  const recovering = proposal.choice === 'recover' ? null : recoveryRefusal(ctx);
  const refusal = recovering ?? refusalToConfirm({ actor: ctx.actor, state: proposal.state, proposedBy: proposal.proposedBy, preparers });
  if (refusal) return refusal;
  if (exception.resolvedAt) return resolvedRefusal();
  if (!sameBytes(digest, proposal.digest))
    return refuse('proposal_changed', 'Somebody changed the proposal in the database. Withdraw it, and find out who.').refusal;
  if (proposal.choice === 'recover' && plannedIn(proposal.reason) !== (await planRecovery(ctx, stores)).digest) return planChanged();
  return proposal.choice === 'provider_never_got' ? tooEarly(ctx, stores, exception, items) : null;
};

/** Why this challenge is not valid for this person and proposal. A challenge of another person is refused like one that does not exist. */
const challengeRefusal = (
  challenge: ProposalChallengeRow | null,
  personId: string,
  now: Date,
  { proposal, digest }: ProposalFacts,
): Refusal | null => {
  const own = challenge?.personId === personId && challenge.proposalId === proposal.id;
  if (!challenge || !own) return refuse('challenge_unknown', 'Ask for a challenge for this proposal first.').refusal;
  if (challenge.usedAt !== null) return refuse('challenge_used', 'A challenge confirms once; read the proposal to see what it did.').refusal;
  if (challenge.expiresAt <= now) return refuse('challenge_expired', 'Ask for a new challenge and look at the proposal again.').refusal;
  if (!sameBytes(challenge.digest, digest))
    return refuse('challenge_stale', 'The proposal is not what you were shown; ask for a new challenge.').refusal;
  return null;
};
