import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AlreadyRunning, takeFolder } from '../../dev/data-folder/lock.js';
import { end, identify } from '../../dev/data-folder/process-identity.js';

/**
 * The guardian of a folder (test/harness/guard.ts). Its standard input is a pipe from the test's process: when that ends without a word,
 * the process was killed, and the guardian does what the next `npm start` does on the folder of a killed start. Then it removes the folder.
 */
const [folder = ''] = process.argv.slice(2);
/** How long a supervisor has to end: our test's process at once, an `npm start` of its own after it has stopped its parts. */
const DYING_MS = 2_000;
const STOPPING_MS = 30_000;

let said = '';
for await (const chunk of process.stdin) said += String(chunk);
if (said === '') {
  for (const until = Date.now() + DYING_MS; ; await sleep(50)) {
    try {
      (await takeFolder(folder, () => {})).unlock();
      break;
    } catch (error) {
      if (!(error instanceof AlreadyRunning)) throw error;
      const supervisor = Date.now() > until ? identify(error.pid) : null;
      if (supervisor) await end(supervisor, 'SIGTERM', STOPPING_MS);
    }
  }
  rmSync(folder, { recursive: true, force: true });
}
