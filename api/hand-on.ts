import type { Clock } from './deps.js';

/** ms. Another process may have died with events that it had not delivered. */
const POLL_MS = 10_000;

export interface HandOn {
  /** There may be something to deliver. */
  wake(): void;
  /** Ends after the pass that is under way. */
  stop(): Promise<void>;
}

/** Runs `deliver` until it finds nothing: at the start, when woken, and now and then. A pass that fails is told and tried again later. */
export const handOn = (deliver: () => Promise<number>, clock: Pick<Clock, 'alarm'>, onProblem: (error: unknown) => void): HandOn => {
  let running: Promise<void> | null = null;
  let isWoken = false;
  let isStopped = false;
  let disarm = (): void => {};

  const pass = async (): Promise<void> => {
    let found = 0;
    do {
      isWoken = false;
      found = await deliver();
    } while ((found > 0 || isWoken) && !isStopped);
  };
  const wake = (): void => {
    isWoken = true;
    if (running || isStopped) return;
    disarm();
    running = pass()
      .catch(onProblem)
      .finally(() => {
        running = null;
        if (!isStopped) disarm = clock.alarm(POLL_MS, wake);
      });
  };
  wake();
  return {
    wake,
    stop: async () => {
      isStopped = true;
      disarm();
      await running;
    },
  };
};
