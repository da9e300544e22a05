import type { RunningWorker } from './serve.js';

/** Starts the process, stops it in order on SIGTERM or SIGINT, and exits with 1 when a part of it died. */
export const runUntilSignalled = async (start: () => Promise<RunningWorker>): Promise<void> => {
  const fatal = (error: unknown): never => {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exit(1);
  };
  const running = await start().catch(fatal);
  const stop = (): void => void running.stop().then(() => process.exit(0), fatal);
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  running.failed.catch(fatal);
};
