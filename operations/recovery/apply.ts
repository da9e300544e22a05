import { toHex } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import type { CheckpointArchive, EndedGeneration, StartedGeneration } from '../ports.js';
import { standingProblem } from '../proposal/apply.js';
import { lockProposal } from '../proposal/lock.js';
import { recoverWorkspace } from './recover.js';

const PROPOSALS_MAX = 16;

export interface RecoveryParts {
  /** Ends the workflows of these batches, so that nothing drives them meanwhile. */
  endRuns(batchIds: readonly string[]): Promise<void>;
  archive: Pick<CheckpointArchive, 'startGeneration'>;
}

/**
 * Carries out the recovery of a workspace that two people have confirmed, and answers how many proposals ended. It is called in recovery
 * mode, again and again until the proposal has ended: a process that dies leaves it to the next one. After it, a
 * restart finds the log where the archive says that it goes on.
 *
 * The archive starts the next generation of the log first. From then on whoever still runs the lost database, or recovers another copy, is
 * behind the archive and can't act. So is this database, until the last transaction writes the generation.
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
      from: { generation: await stores.audit.generation(), kept: (await stores.audit.latestCheckpoint())?.size ?? 0n },
      batchIds: (await stores.recoveries.openBatches()).map(({ batchId }) => batchId),
    };
  });
  if (!begun) return false;
  const { problem, confirmedAt, knownUntil, from, batchIds } = begun;
  const started = problem === null ? await archive.startGeneration(ctx.tenantId, { proposalId: id, ...from }) : null;
  if (problem === null) await endRuns(batchIds);
  const recovered = problem === null ? await recoverWorkspace(ctx, { proposalId: id, confirmedAt, knownUntil }) : null;
  return ctx.inTenant(async (stores) => {
    const facts = await lockProposal(ctx, stores, id);
    if (facts?.proposal.state !== 'confirmed') return false;
    await stores.proposals.move(id, problem === null ? 'applied' : 'refused', problem ?? undefined);
    if (problem === null) await stores.exceptions.resolve(facts.exception.id, 'recover');
    if (started) await stores.recoveries.startGeneration({ generation: started.generation, proposalId: id, keptSize: from.kept });
    await stores.audit.append({
      subject: { type: 'workspace', id: ctx.tenantId },
      action: 'workspace.recover',
      result: problem ?? 'ok',
      detail: {
        proposal_id: id,
        known_until: knownUntil.toISOString(),
        ...(started && gapOf(started)),
        ...recovered,
      },
    });
    return true;
  });
};

/**
 * The log goes on as this generation from `kept_size` events. What was published beyond is a gap, which the archive still proves and which
 * the offline verifiers read here (docs/audit.md).
 */
const gapOf = ({ generation, ended: [own, ...others] }: StartedGeneration) => ({
  generation,
  ...(own && lostOf(own)),
  // Generations that began since, from other copies of the database.
  ...(others.length > 0 && { given_up: others.map((other) => ({ generation: other.generation, ...lostOf(other) })) }),
});

const lostOf = ({ kept, lost }: EndedGeneration) => ({
  kept_size: kept.toString(),
  lost_size: lost?.size.toString() ?? null,
  lost_root: lost && toHex(lost.root),
});
