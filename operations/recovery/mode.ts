import type { RecoveryMode } from '../ports.js';

/** Recovery mode that can still be entered while the process runs. It is never left: a person looks, then restarts. */
export interface RecoverySwitch extends RecoveryMode {
  /** The first reason stays. */
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
