import { toHex } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import type { CheckpointArchive } from '../ports.js';
import { standingProblem } from '../proposal/apply.js';
import { lockProposal } from '../proposal/lock.js';
import { recoverWorkspace } from './recover.js';

const PROPOSALS_MAX = 16;

export interface RecoveryParts {
  /** Ends the workflows of these batches, so that nothing drives them meanwhile. */
  endRuns(batchIds: readonly string[]): Promise<void>;
  archive: Pick<CheckpointArchive, 'setAside'>;
}

/**
 * Carries out the recovery of a workspace that two people have confirmed, and answers how many proposals ended. It is called in recovery
 * mode, again and again until the proposal has ended: a process that dies leaves it to the next one. After it, a
 * restart finds the log where the archive says that it goes on.
 */
export const applyRecoveries = async (ctx: Context, parts: RecoveryParts): Promise<number> => {
  const ids = await ctx.inTenant((stores) => stores.proposals.waiting(PROPOSALS_MAX));
  let ended = 0;
  for (const id of ids) if (await applyRecovery(ctx, id, parts)) ended++;
  return ended;
};

const applyRecovery = async (ctx: Context, id: string, { endRuns, archive }: RecoveryParts): Promise<boolean> => {
  const begun = await ctx.inTenant(async (stores) => {
    const facts = await lockProposal(ctx, stores, id);
    if (facts?.proposal.state !== 'confirmed' || facts.proposal.choice !== 'recover') return null;
    const confirmation = await stores.proposals.confirmationOf(id);
    return {
      problem: await standingProblem(ctx, stores, facts),
      confirmedAt: confirmation?.createdAt ?? stores.now,
      knownUntil: await stores.recoveries.knownUntil(),
      keptSize: (await stores.audit.latestCheckpoint())?.size ?? 0n,
      batchIds: (await stores.recoveries.openBatches()).map(({ batchId }) => batchId),
    };
  });
  if (!begun) return false;
  const { problem, confirmedAt, knownUntil, keptSize, batchIds } = begun;
  if (problem === null) await endRuns(batchIds);
  const recovered = problem === null ? await recoverWorkspace(ctx, { proposalId: id, confirmedAt, knownUntil }) : null;
  const lost = problem === null ? await archive.setAside(ctx.tenantId, keptSize) : null;
  return ctx.inTenant(async (stores) => {
    const facts = await lockProposal(ctx, stores, id);
    if (facts?.proposal.state !== 'confirmed') return false;
    await stores.proposals.move(id, problem === null ? 'applied' : 'refused', problem ?? undefined);
    if (problem === null) await stores.exceptions.resolve(facts.exception.id, 'recover');
    await stores.audit.append({
      subject: { type: 'workspace', id: ctx.tenantId },
      action: 'workspace.recover',
      result: problem ?? 'ok',
      detail: {
        proposal_id: id,
        known_until: knownUntil.toISOString(),
        // The log goes on from here. What was published beyond is a gap, which the archive still proves.
        kept_size: keptSize.toString(),
        lost_size: lost?.size.toString() ?? null,
        lost_root: lost && toHex(lost.root),
        ...recovered,
      },
    });
    return true;
  });
};
