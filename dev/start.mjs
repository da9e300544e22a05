// `npm start`: makes the checkout runnable, then runs the stack (dev/stack/main.ts). Plain JavaScript without dependencies, because
// it runs on any Node and before anything is installed.
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';
import { findStarters, isUnderNohup } from './starters.mjs';

const started = Date.now();
// Before the packages are installed, because whoever started this may end meanwhile.
const starters = [process.pid, ...findStarters()];
const root = dirname(dirname(fileURLToPath(import.meta.url)));
try {
  await ensureInstalled((line) => console.log(line));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

const flags = [...(isUnderNohup() ? ['--detached'] : []), ...process.argv.slice(2)];
const child = spawn(process.execPath, ['--import', 'tsx', 'dev/stack/main.ts', ...flags], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, SLUICE_STARTED_AT: String(started), SLUICE_CALLED_FROM: process.cwd(), SLUICE_STARTERS: starters.join(',') },
});
// A terminal sends Ctrl-C to both processes, a `kill` reaches only this one: the stack stops once, however often it is told to. This
// launcher waits until it has stopped.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
child.on('exit', (code) => process.exit(code ?? 1));
