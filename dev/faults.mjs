// Every fault of the end-to-end family again and again: `npm run test:faults [-- jest arguments]`.
// SLUICE_TEST_ROUNDS (10) times each, and SLUICE_TEST_PROVIDER_ITEMS (10,000) payments against the provider's faults.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2);
const child = spawn(
  process.execPath,
  [join(ROOT, 'dev', 'test.mjs'), 'end-to-end', '--', '--verbose', ...(wanted.length > 0 ? wanted : ['test/e2e'])],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: { SLUICE_TEST_ROUNDS: '10', SLUICE_TEST_PROVIDER_ITEMS: '10000', ...process.env },
  },
);
child.on('exit', (code) => process.exit(code ?? 1));
