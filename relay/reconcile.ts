import type { Logger } from 'pino';
import type { BatchWorkflows, DrivenPlace, RelayStore } from './ports.js';

/** Why a run was begun anew. `lost`: there was none. `silent`: it was asked and did nothing. `foreign`: it was not ours. */
export const REDRIVE_REASONS = ['lost', 'silent', 'foreign'] as const;
export type RedriveReason = (typeof REDRIVE_REASONS)[number];

export interface ReconcilerParts {
  store: Pick<RelayStore, 'toDrive' | 'waking' | 'stalled'>;
  workflows: BatchWorkflows;
  /** Counts, and tells people when a run had to be ended for it. */
  redriven: (place: DrivenPlace, reason: RedriveReason) => Promise<void>;
  log: Pick<Logger, 'warn' | 'error'>;
}

/** A batch has stalled when it was due, or woken, so long ago and nothing has driven it since. A run that is asked gets as long to answer. */
const PATIENCE_MS = 10_000;

const NO_WORD = { gateId: null, requestId: null };

/**
 * Makes the reconciler's pass. Each starts the workflow of every batch that should have one and has none, and finds the batches that
 * should move and do not: by the database alone, because a run that can't go on looks to Temporal like one that waits (R13). A foreign
 * workflow is terminated and the batch driven anew at once; a quiet run is asked, and the same is done when it has not answered by the next
 * pass. A run that was well loses nothing by it, because it holds nothing that the database does not. Visibility may lag, so a batch
 * that runs may be woken once too often, which does no harm.
 */
export const reconciler = ({ store, workflows, redriven, log }: ReconcilerParts): (() => Promise<void>) => {
  /** Quiet runs that this process has asked, and when. */
  const asked = new Map<string, { runId: string; at: number }>();

  const wake = async (place: DrivenPlace): Promise<void> => {
    await store.waking([place]);
    await workflows.wake(place, NO_WORD);
  };

  const anew = async (place: DrivenPlace, runId: string, reason: RedriveReason): Promise<void> => {
    log.warn({ tenant_id: place.tenantId, batch_id: place.batchId, run_id: runId, reason }, 'a batch does not move: its run is ended and begun anew');
    await workflows.end(place.batchId, runId, `Sluice: the batch does not move (${reason})`);
    await wake(place);
    await redriven(place, reason);
  };

  const getMoving = async (place: DrivenPlace): Promise<void> => {
    const found = await workflows.look(place.batchId);
    if (found.kind === 'at_work') return;
    if (found.kind === 'absent') {
      await wake(place);
      await redriven(place, 'lost');
      return;
    }
    if (found.kind === 'foreign') return anew(place, found.runId, 'foreign');
    const before = asked.get(place.batchId);
    if (before?.runId === found.runId) {
      if (performance.now() - before.at >= PATIENCE_MS) await anew(place, found.runId, 'silent');
      return;
    }
    await wake(place);
    asked.set(place.batchId, { runId: found.runId, at: performance.now() });
  };

  return async () => {
    const wanted = await store.toDrive();
    if (wanted.length === 0) return;
    const running = await workflows.running();
    const stalled = await store.stalled(PATIENCE_MS);
    const known = new Set(stalled.map(({ batchId }) => batchId));
    for (const batchId of asked.keys()) if (!known.has(batchId)) asked.delete(batchId);
    for (const place of wanted) if (!running.has(place.batchId) && !known.has(place.batchId)) await wake(place);
    // One batch that can't be helped now must not keep the others from it.
    for (const place of stalled)
      await getMoving(place).catch((error: unknown) =>
        log.error({ err: error, batch_id: place.batchId }, 'a batch that does not move was not driven anew'),
      );
  };
};
