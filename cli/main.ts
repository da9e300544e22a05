import { readFileSync } from 'node:fs';
import { apiConfig } from '../config/api.js';
import { workerConfig } from '../config/worker.js';
import { EXIT, Failure } from './failure.js';
import { findLocalStack } from './identity/stack.js';
import { maskedConfiguration } from './masked-configuration.js';
import { runCommand } from './program.js';
import { processTerminal } from './terminal.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

/** What belongs to the demo stack is loaded only beside one; elsewhere the command line needs nothing but the API. */
const beside = findLocalStack(process.env, process.cwd()) !== null;
const local = beside ? await import('../dev/commands/mount.js') : null;
const checks = beside ? await import('../dev/doctor/local-checks.js') : null;
/** Beside a stack the configuration is that of its processes, not of this shell. */
const told = checks?.localEnvironment();

process.exitCode = await runCommand(process.argv.slice(2), {
  env: process.env,
  terminal: processTerminal(),
  version,
  doctor: {
    configuration: () => [
      { process: 'api', settings: maskedConfiguration(apiConfig, { ...process.env, ...told?.api }) },
      { process: 'worker', settings: maskedConfiguration(workerConfig, { ...process.env, ...told?.worker }) },
    ],
    local: async () => checks?.localChecks() ?? [],
  },
  mountLocal: (program) => {
    if (local) return local.mountDev(program);
    const dev = program.command('dev').description('the local demo stack: people, codes, killing a process; needs one that was started here');
    dev.allowUnknownOption().allowExcessArguments();
    dev.action(() => {
      throw new Failure(EXIT.usage, 'No stack was started here.', 'npm start');
    });
  },
});
