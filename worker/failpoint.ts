import { FAILPOINTS, type Failpoint, type FailpointName } from '../operations/ports.js';

const SIGNALS = { kill: 'SIGKILL', stop: 'SIGSTOP' } as const;

/**
 * For development only: `SLUICE_FAILPOINT=name:n` ends this process with SIGKILL at the n-th pass of that place; `name:n:stop`
 * stops it with SIGSTOP until a SIGCONT. Throws an Error that lists the names when this one is unknown.
 */
export const failpointFrom = (text: string | undefined): Failpoint => {
  if (!text) return async () => {};
  const [name, nth = '1', how = 'kill'] = text.split(':');
  if (!isFailpoint(name) || !/^[1-9]\d*$/.test(nth) || !(how in SIGNALS))
    throw new Error(`SLUICE_FAILPOINT=${text} is not name:n or name:n:stop; the names are ${FAILPOINTS.join(', ')}`);
  let left = Number(nth);
  return async (passed) => {
    if (passed !== name || --left !== 0) return;
    process.kill(process.pid, SIGNALS[how as keyof typeof SIGNALS]);
    // The signal to itself arrives a moment later; until then nothing may go on.
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
};

const isFailpoint = (name: string | undefined): name is FailpointName => FAILPOINTS.some((known) => known === name);
