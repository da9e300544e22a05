// `npm start`: makes the checkout runnable, then runs the stack (dev/stack/main.ts). Plain JavaScript without dependencies, because
// it runs on any Node and before anything is installed.
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

const started = Date.now();
const root = dirname(dirname(fileURLToPath(import.meta.url)));
try {
  await ensureInstalled((line) => console.log(line));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

const child = spawn(process.execPath, ['--import', 'tsx', 'dev/stack/main.ts', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, SLUICE_STARTED_AT: String(started), SLUICE_CALLED_FROM: process.cwd() },
});
// The terminal sends Ctrl-C to both processes; a `kill` of this launcher is passed on. It waits until the stack has stopped.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => name !== 'SIGINT' && child.kill(name));
child.on('exit', (code) => process.exit(code ?? 1));
