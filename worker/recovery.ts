import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../db/client.js';
import { recoveryFacts } from '../db/tree-heads.js';
import type { CheckpointArchive } from '../operations/ports.js';
import { checkRecovery } from '../operations/recovery/check.js';
import { type RecoverySwitch, recoverySwitch } from '../operations/recovery/mode.js';
import { sha256 } from '../vault/sha256.js';

const RETRY_MS = 1_000;

/** The comparison of R15, before anything that touches money starts. Waits for the database. */
export const recoveryAtStart = async (
  database: Database,
  archive: CheckpointArchive,
  keyFileInstallationId: string,
  log: Logger,
  signal: AbortSignal,
): Promise<RecoverySwitch> => {
  while (!signal.aborted) {
    try {
      return await checkRecovery({ ...(await recoveryFacts(database)), sha256, archive, keyFileInstallationId });
    } catch (error) {
      log.warn({ err: error }, 'the database is not compared with its published checkpoints yet');
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return recoverySwitch('The process ended before the comparison with the published checkpoints.');
};
