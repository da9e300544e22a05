// Repeats every fault of the end-to-end family: `npm run test:faults [-- jest arguments]`.
// Each fault runs SLUICE_TEST_ROUNDS times (10); SLUICE_TEST_PROVIDER_ITEMS payments (10,000) run against the provider's faults, and a
// provider is down for SLUICE_TEST_DOWN_SECONDS (60). Two files run at once: each has a stack of its own, which mostly waits for time to pass.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2);
const child = spawn(
  process.execPath,
  [join(ROOT, 'dev', 'test.mjs'), 'end-to-end', '--', '--verbose', '--maxWorkers', '2', ...(wanted.length > 0 ? wanted : ['test/e2e'])],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: { SLUICE_TEST_ROUNDS: '10', SLUICE_TEST_PROVIDER_ITEMS: '10000', SLUICE_TEST_DOWN_SECONDS: '60', ...process.env },
  },
);
child.on('exit', (code) => process.exit(code ?? 1));
