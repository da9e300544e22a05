import { type ProposedItem, proposalDigest } from '../../domain/proposal.js';
import { type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import type { Stores } from '../ports.js';
import type { ExceptionRow } from '../stores/exceptions.js';
import type { ProposalRow } from '../stores/proposals.js';

/** Everything that the rules about a proposal look at. */
export interface ProposalFacts {
  proposal: ProposalRow;
  exception: ExceptionRow;
  /** The batch's own name; null for one without, and for an exception that belongs to no batch, as is the currency. */
  batchExternalId: string | null;
  currency: string | null;
  items: ProposedItem[];
  preparers: string[];
  /** The digest of what is stored now. It differs from the proposal's only when somebody changed rows. */
  digest: Uint8Array;
}

/** Locks a proposal and reads its exception. Null when the workspace has no such proposal. */
export const lockProposal = async (ctx: Context, stores: Stores, proposalId: string): Promise<ProposalFacts | null> => {
  const found = await stores.proposals.get(proposalId);
  if (!found) return null;
  const proposal = await stores.proposals.lock(proposalId);
  // Not locked: what is carried out locks items before exceptions (R8).
  const view = await stores.exceptions.view(found.exceptionId);
  if (!proposal || !view) throw new Error(`proposal ${proposalId} or its exception is gone`);
  const { exception, batchExternalId, currency } = view;
  const items = await stores.proposals.items(proposalId);
  const preparers = proposal.batchId === null ? [] : await stores.batches.preparers(proposal.batchId);
  const digest = proposalDigest(ctx.services.sha256, { ...proposal, tenantId: ctx.tenantId, kind: exception.kind, items });
  return { proposal, exception, batchExternalId, currency, items, preparers, digest };
};

export const noSuchProposal = () => refuse('not_found', 'This workspace has no such proposal.');

export const refuseAbsentProposal = (ctx: Context, stores: Stores, action: string, proposalId: string): Promise<Result<never>> =>
  refusedAndAudited(
    stores,
    { subject: { type: 'workspace', id: ctx.tenantId }, action, detail: { proposal_id: proposalId } },
    noSuchProposal().refusal,
  );
