import type { Clock } from '../deps.js';

/** Lets a loop wait until `wake` is called, a time has passed or a signal is aborted. A `wake` between two waits ends the next one at once. */
export const wakeUp = (clock: Clock, signals: readonly AbortSignal[]) => {
  let pending = false;
  let resume: (() => void) | null = null;
  const wake = (): void => {
    pending = true;
    resume?.();
  };
  for (const signal of signals) signal.addEventListener('abort', wake, { once: true });
  return {
    wake,
    wait: async (timeoutMs: number): Promise<void> => {
      if (!pending) {
        const takeBack = clock.alarm(timeoutMs, wake);
        await new Promise<void>((done) => {
          resume = done;
        });
        takeBack();
        resume = null;
      }
      pending = false;
    },
    close: (): void => {
      for (const signal of signals) signal.removeEventListener('abort', wake);
    },
  };
};
