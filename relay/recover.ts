import { applyRecoveries, type RecoveryParts } from '../operations/recovery/apply.js';
import type { BatchWorkflows, ContextOf } from './ports.js';

/** Carries out the recoveries that people have confirmed, of every workspace that has one, and returns how many ended (R15). */
export const recoverAll = async ({
  tenantsToDrain,
  contextOf,
  workflows,
  archive,
}: {
  tenantsToDrain: () => Promise<string[]>;
  contextOf: ContextOf;
  workflows: Pick<BatchWorkflows, 'look' | 'end'>;
  archive: RecoveryParts['archive'];
}): Promise<number> => {
  const endRuns = async (batchIds: readonly string[]): Promise<void> => {
    for (const batchId of batchIds) {
      const run = await workflows.look(batchId);
      if (run.kind !== 'absent') await workflows.end(batchId, run.runId, 'the database was restored from a backup');
    }
  };
  let ended = 0;
  const broken: unknown[] = [];
  for (const tenantId of await tenantsToDrain())
    try {
      ended += await applyRecoveries(await contextOf(tenantId, `recovery/${tenantId}`), { endRuns, archive });
    } catch (error) {
      broken.push(error);
    }
  // Thrown after every workspace had its turn: one that can't be recovered keeps no other from it.
  if (broken.length > 0) throw broken[0];
  return ended;
};
