import { chunkCount, rangeOf } from '../../domain/batch/content.js';
import { contentMatches, type SignedBatch } from '../chunk/verify-content.js';
import type { Context } from '../context.js';
import { openDestinations } from '../payee/sealing.js';
import type { Stores } from '../ports.js';
import type { ProposalFacts } from './lock.js';

/**
 * Whether all chunks of the proposal's batch verify against what the execute gate signed, each in a transaction of its own. False
 * for a proposal of another choice, which costs one read.
 */
export const wholeContentMatches = async (ctx: Context, proposalId: string): Promise<boolean> => {
  const signed = await ctx.inTenant(async (stores) => {
    const proposal = await stores.proposals.get(proposalId);
    return proposal?.choice === 'content_restored' && proposal.batchId !== null ? signedBatch(stores, proposal.batchId) : null;
  });
  if (!signed) return false;
  const chunks = chunkCount(signed.content.size, signed.batch.chunkSize);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const matches = await ctx.inTenant(async (stores) => {
      const { from, to } = rangeOf(chunk, signed.batch.chunkSize, signed.content.size);
      const [items, path] = await Promise.all([stores.chunks.items(signed.batch.id, from, to), stores.batches.chunkPath(signed.batch.id, chunk)]);
      // Of an excluded item, or one whose payee was deleted, only the leaf is left.
      const known = items.filter((item) => item.state !== 'excluded' && item.subjectKey !== null);
      const sending = await openDestinations(ctx, stores, known);
      return contentMatches(ctx, stores, signed, { chunk, path, items, sending });
    });
    if (!matches) return false;
  }
  return true;
};

const signedBatch = async (stores: Stores, batchId: string): Promise<SignedBatch | null> => {
  const view = await stores.batches.view(batchId);
  if (!view?.content) return null;
  const gates = await stores.gates.open(batchId, view.control.contentVersion);
  const executeGate = gates.find(({ gate }) => gate === 'execute');
  const { mode } = await stores.workspaces.get();
  return executeGate ? { batch: view.batch, content: view.content, mode, executeGate } : null;
};

/** Lets a batch go on whose content is again what its gates signed, and ends the exception. */
export const restoreContent = async (stores: Stores, { proposal, exception }: ProposalFacts): Promise<void> => {
  const { batchId } = proposal;
  const control = batchId === null ? null : await stores.batches.lock(batchId);
  if (batchId === null || !control) throw new Error(`proposal ${proposal.id} has no batch to let go on`);
  if (control.integrityFailedAt) {
    await stores.batches.moveLocked(batchId, control.rowVersion, { integrityFailedAt: null });
    await stores.outbox.add({ batchId, message: 'batch_changed' });
  }
  await stores.exceptions.resolve(exception.id, proposal.choice);
};
