import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { RecoveryMode } from '../operations/ports.js';
import { type RecoverySwitch, recoverySwitch } from '../operations/recovery/mode.js';

const RETRY_MS = 1_000;
/** Pause between two comparisons while the worker runs. An older database that is restored meanwhile stays unnoticed for about this long. */
const EVERY_MS = 60_000;

export type Compare = () => Promise<RecoveryMode>;

/** Compares the database with its published checkpoints (R15) before anything that moves money starts. Waits for the database. */
export const recoveryAtStart = async (compare: Compare, log: Logger, signal: AbortSignal): Promise<RecoverySwitch> => {
  while (!signal.aborted) {
    try {
      return recoverySwitch((await compare()).reason());
    } catch (error) {
      log.warn({ err: error }, 'the database could not yet be compared with its published checkpoints; the worker tries again');
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return recoverySwitch('The process ended before the comparison with the published checkpoints.');
};

/**
 * Compares again every minute until `signal`, and enters recovery mode when something is wrong: then no intent commits any more. A
 * failed comparison changes nothing, because without its database the worker sends nothing anyway.
 */
export const keepComparing = async (
  recovery: RecoverySwitch,
  compare: Compare,
  log: Logger,
  signal: AbortSignal,
  everyMs = EVERY_MS,
): Promise<void> => {
  while (!signal.aborted && recovery.reason() === null) {
    await pause(everyMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const reason = (await compare()).reason();
      if (reason === null) continue;
      recovery.enter(reason);
      log.error({ reason }, 'recovery mode: nothing is sent');
    } catch (error) {
      log.warn({ err: error }, 'the database could not be compared with its published checkpoints');
    }
  }
};
