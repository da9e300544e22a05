import { once } from 'node:events';

/** Ends the database server of this test run and waits until it has cleaned up. */
export default async (): Promise<void> => {
  const child = globalThis.sluiceDatabaseServer;
  if (!child || child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
};
