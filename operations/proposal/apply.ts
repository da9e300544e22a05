import { kindRow, RESOLUTIONS, waitingStates } from '../../domain/exceptions.js';
import { sameBytes } from '../../domain/hashing.js';
import { toItemId } from '../../domain/ids.js';
import type { Evidence } from '../../domain/item/evidence.js';
import type { ProblemCode } from '../../domain/problems.js';
import { confirmationBytes, type ProposedItem } from '../../domain/proposal.js';
import { finishPayoutBatch } from '../batch-state/finish.js';
import type { Context } from '../context.js';
import { resolvedRefusal, subjectOf } from '../exception/refuse.js';
import { holds } from '../membership/check.js';
import type { Stores } from '../ports.js';
import { applyEvidence, lockEvidenceItems } from '../settlement/settle.js';
import type { BatchRow } from '../stores/batches.js';
import { lockProposal, type ProposalFacts } from './lock.js';
import { restoreContent, wholeContentMatches } from './restore-content.js';
import { sharedReferences } from './shared-references.js';
import { tooEarly } from './too-early.js';

const PROPOSALS_MAX = 16;

/**
 * Carries out what people have confirmed, in one transaction for each proposal, and answers how many there were. Everything is
 * checked once more: the people, the digest, the time. What can no longer be done ends the proposal as `refused`, with its code. In a frozen
 * workspace they wait until it is thawed: most give money back, or let it leave.
 */
export const applyProposals = async (ctx: Context): Promise<number> => {
  const ids = await ctx.inTenant(async (stores) => {
    const { frozenAt } = await stores.workspaces.get();
    return frozenAt ? [] : stores.proposals.waiting(PROPOSALS_MAX);
  });
  for (const id of ids) await applyProposal(ctx, id);
  return ids.length;
};

const applyProposal = async (ctx: Context, id: string): Promise<void> => {
  // A whole batch may take minutes to verify, so that is done before the transaction. What is sent is verified again in any case (R3).
  const restored = await wholeContentMatches(ctx, id);
  const batchId = await ctx.inTenant(async (stores) => {
    const facts = await lockProposal(ctx, stores, id);
    if (facts?.proposal.state !== 'confirmed') return null;
    // Once more, under the lock that a freeze waits for: one that has answered since lets nothing be carried out.
    if ((await stores.workspaces.lockShared()).frozenAt) return null;
    const { proposal, exception } = facts;
    const problem = (await standingProblem(ctx, stores, facts)) ?? (await carryOut(ctx, stores, facts, restored));
    await stores.proposals.move(id, problem === null ? 'applied' : 'refused', problem ?? undefined);
    await stores.audit.append({
      subject: subjectOf(ctx, exception),
      action: 'exception.apply',
      result: problem ?? 'ok',
      detail: {
        exception_id: exception.id,
        proposal_id: id,
        choice: proposal.choice,
        count: proposal.itemCount,
        amount: proposal.total.toString(),
      },
    });
    return proposal.batchId;
  });
  if (batchId !== null) await finishPayoutBatch(ctx, batchId);
};

/** Whether two different people who may do so stand behind what is stored; their confirmation is of exactly this content. */
export const standingProblem = async (ctx: Context, stores: Stores, facts: ProposalFacts): Promise<ProblemCode | null> => {
  const { proposal, exception, preparers, digest } = facts;
  if (exception.resolvedAt) return resolvedRefusal().code;
  if (!kindRow(exception.kind).resolutions.includes(proposal.choice)) return 'choice_not_allowed';
  if (!sameBytes(digest, proposal.digest)) return 'proposal_changed';
  if (!(await holds(ctx, stores, proposal.proposedBy, 'exceptions.propose'))) return 'forbidden';
  if (RESOLUTIONS[proposal.choice].people === 1) return null;
  const confirmation = await stores.proposals.confirmationOf(proposal.id);
  if (!confirmation || !sameBytes(confirmation.digest, digest)) return 'proposal_changed';
  const authentic = ctx.services.gateKey.isAuthentic(confirmationBytes({ ...confirmation, tenantId: ctx.tenantId }), confirmation.authenticator);
  if (!authentic) return 'proposal_not_authentic';
  if (confirmation.personId === proposal.proposedBy) return 'proposal_same_person';
  if (preparers.includes(confirmation.personId) || preparers.includes(proposal.proposedBy)) return 'preparer_cannot_settle';
  return (await holds(ctx, stores, confirmation.personId, 'exceptions.confirm')) ? null : 'forbidden';
};

const carryOut = async (ctx: Context, stores: Stores, facts: ProposalFacts, restored: boolean): Promise<ProblemCode | null> => {
  const { proposal, exception } = facts;
  switch (proposal.choice) {
    case 'provider_paid':
    case 'provider_never_got':
      return settle(ctx, stores, facts);
    case 'keep_asking':
      return askAgain(stores, facts);
    case 'content_restored':
      if (!restored) return 'integrity_failed';
      await restoreContent(stores, facts);
      return null;
    // Carried out in recovery mode alone (operations/recovery/recover.ts).
    case 'recover':
      return 'not_in_recovery';
    case 'made_good':
    case 'looked_into':
      await stores.exceptions.resolve(exception.id, proposal.choice);
      return null;
  }
};

/** What two people say is evidence like any other: it goes through the one reducer, below all that a rail can say (R6). */
const settle = async (ctx: Context, stores: Stores, facts: ProposalFacts): Promise<ProblemCode | null> => {
  const { proposal, exception, currency, items } = facts;
  const { choice } = proposal;
  const batch = await batchOf(stores, facts);
  // What evidence has settled since, or what the provider has taken in, is in doubt no longer: it is left as it is.
  const open = await lockWaiting(stores, batch, facts);
  // Under the locks of the chunks, so that nothing of them is sent again meanwhile.
  const early = choice === 'provider_never_got' ? await tooEarly(ctx, stores, exception, items) : null;
  if (early) return early.code;
  // Once more: the provider may have spoken since, and two proposals made at once do not see each other. One that is only confirmed counts
  // too, so of two that are carried out at once not both pass.
  const shared = await sharedReferences(stores, batch.id, open);
  if (shared.size > 0) return 'reference_given';
  const outcomes = open.map(
    (item): Evidence => ({
      key: toItemId(batch.id, item.ordinal),
      outcome: choice === 'provider_paid' ? 'paid' : 'failed',
      rank: 0,
      providerReference: item.providerReference,
      reason: choice,
      amount: item.amount,
      currency,
    }),
  );
  const { moved } = await applyEvidence(ctx, stores, {
    batchId: batch.id,
    connectionId: batch.connectionId,
    source: 'person',
    outcomes,
    resolution: choice,
  });
  if (moved !== open.length) throw new Error(`${open.length - moved} items of proposal ${proposal.id} did not move`);
  return null;
};

const batchOf = async (stores: Stores, { proposal }: ProposalFacts): Promise<BatchRow> => {
  const batch = proposal.batchId === null ? null : await stores.batches.get(proposal.batchId);
  if (!batch) throw new Error(`proposal ${proposal.id} is about doubt and has no batch`);
  return batch;
};

const lockWaiting = async (stores: Stores, batch: BatchRow, { exception, items }: ProposalFacts): Promise<ProposedItem[]> => {
  const locked = await lockEvidenceItems(
    stores,
    batch,
    items.map(({ ordinal }) => ordinal),
  );
  const open = new Set(locked.flatMap(({ ordinal, state }) => (waitingStates(exception.kind).includes(state) ? [ordinal] : [])));
  return items.filter(({ ordinal }) => open.has(ordinal));
};

const askAgain = async (stores: Stores, facts: ProposalFacts): Promise<null> => {
  const batch = await batchOf(stores, facts);
  const open = await lockWaiting(stores, batch, facts);
  if (open.length > 0) {
    await stores.chunks.setLookup(
      batch.id,
      open.map(({ ordinal }) => ordinal),
      0,
    );
    await stores.outbox.add({ batchId: batch.id, message: 'batch_changed' });
  }
  return null;
};
