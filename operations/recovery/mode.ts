import type { RecoveryMode } from '../ports.js';

/** Recovery mode that can still be entered while the process runs. The process never leaves it: a person looks, then restarts. */
export interface RecoverySwitch extends RecoveryMode {
  /** Does nothing when a reason is already set. */
  enter(reason: string): void;
}

export const recoverySwitch = (found: string | null): RecoverySwitch => {
  let why = found;
  return {
    reason: () => why,
    enter: (reason) => {
      why ??= reason;
    },
  };
};
