import type { z } from 'zod';
import type { listProposalItems as contract, proposalItem } from '../../contracts/exceptions.js';
import { fromItemId, toItemId } from '../../domain/ids.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, toList, wrongCursor } from '../list-page.js';
import { noSuchProposal } from './lock.js';

type Input = { proposal_id: string } & z.output<typeof contract>;

/** The items of a proposal by ordinal, so that a second person can check each reference. Refuses with `not_found` or `invalid_request`. */
export const listProposalItems = (ctx: Context, input: Input): Promise<Result<List<z.infer<typeof proposalItem>>>> =>
  ctx.inTenant(async (stores) => {
    const proposal = await stores.proposals.get(input.proposal_id);
    if (!proposal) return noSuchProposal();
    const { batchId } = proposal;
    const after = input.starting_after === undefined ? undefined : fromItemId(input.starting_after);
    if (after === null || (after && after.batchId !== batchId)) return wrongCursor('an item of this proposal');
    const currency = batchId === null ? null : (await stores.batches.get(batchId))?.currency;
    if (batchId === null || !currency) return ok(toList({ rows: [], hasMore: false }));
    const page = await stores.proposals.listItems({ id: proposal.id, batchId }, { limit: input.limit, afterOrdinal: after?.ordinal });
    const rows = page.rows.map(({ ordinal, payeeReference, amount, providerReference }) => ({
      object: 'proposal_item' as const,
      id: toItemId(batchId, ordinal),
      ordinal,
      payee_reference: payeeReference,
      amount: Number(amount),
      currency,
      provider_reference: providerReference,
    }));
    return ok(toList({ rows, hasMore: page.hasMore }));
  });
