import type { z } from 'zod';
import type { recoveryPlan } from '../../contracts/exceptions.js';
import { toWireId } from '../../domain/ids.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { wireProposal } from '../exception/view.js';
import type { Stores } from '../ports.js';
import { planRecovery } from './plan.js';
import { recoveryRefusal } from './refuse.js';

type WireRecovery = z.infer<typeof recoveryPlan>;

/**
 * What a recovery of the workspace would do, why the process is in recovery mode, and where the newest recovery stands. Refuses with
 * `not_ready` before the first comparison: nothing is known of it then.
 */
export const showRecovery = (ctx: Context): Promise<Result<WireRecovery>> =>
  ctx.inTenant(async (stores) => {
    const recovering = recoveryRefusal(ctx);
    if (recovering?.code === 'not_ready') return { ok: false, refusal: recovering };
    const { knownUntil, batches, connections, digest } = await planRecovery(ctx, stores);
    const reason = ctx.services.recovery.reason();
    const newest = await stores.proposals.newest('recover');
    // In recovery mode nothing is published: a proposal of before the newest checkpoint is of an earlier recovery.
    const proposal = newest && (reason === null || newest.createdAt > knownUntil) ? newest : null;
    const confirmedBy = proposal && (await stores.proposals.confirmers([proposal.id])).get(proposal.id);
    return ok({
      object: 'recovery_plan',
      reason,
      known_until: knownUntil.toISOString(),
      batches: batches.map(({ batchId, state, open, amount }) => ({
        id: toWireId('batch', batchId),
        state,
        open,
        amount: Number(amount),
        step: state === 'executing' ? ('look_up' as const) : ('ask_then_look_up' as const),
      })),
      connections: new Set(connections.map(({ connectionId }) => connectionId)).size,
      digest,
      proposal: proposal && (await wireProposal(stores, proposal, confirmedBy ?? null)),
      done: proposal?.state === 'applied' ? await doneBy(ctx, stores, proposal.id) : null,
    });
  });

/** What the event of a recovery says that it did. */
const doneBy = async (ctx: Context, stores: Stores, proposalId: string): Promise<WireRecovery['done']> => {
  const page = await stores.audit.list({ limit: 1, subjectType: 'workspace', subjectId: ctx.tenantId, action: 'workspace.recover' });
  const [event] = page.rows;
  const detail = event?.detail as Partial<Record<string, unknown>> | undefined;
  if (!event || detail?.['proposal_id'] !== proposalId) return null;
  const count = (member: string): number => Number(detail[member] ?? 0);
  return {
    at: event.at,
    doubtful: count('doubtful'),
    reported: count('reported'),
    settled: count('settled'),
    marked: count('marked'),
    paused: count('paused'),
    silent: count('silent'),
    generation: count('generation'),
    lost_events: detail['lost_size'] === null ? 0 : count('lost_size') - count('kept_size'),
  };
};
