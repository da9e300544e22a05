import type { RecoveryMode } from '../operations/ports.js';

const RETRY_MS = 1_000;

export interface RecoveryWatch extends RecoveryMode {
  stop(): void;
}

/**
 * The check of R15 at start. Until it has run, nothing that moves money is let through; when the database does not
 * answer it is tried again, so that the API may start before the database.
 */
export const watchRecovery = (check: () => Promise<RecoveryMode>, onProblem: (error: unknown) => void): RecoveryWatch => {
  let mode: RecoveryMode = { reason: () => 'The comparison with the published checkpoints has not finished yet.' };
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const attempt = async (): Promise<void> => {
    try {
      mode = await check();
    } catch (error) {
      onProblem(error);
      if (!stopped) timer = setTimeout(attempt, RETRY_MS);
    }
  };
  void attempt();
  return {
    reason: () => mode.reason(),
    stop: () => {
      stopped = true;
      if (timer) clearTimeout(timer);
    },
  };
};
