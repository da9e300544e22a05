import { readFileSync } from 'node:fs';
import { apiConfig } from '../config/api.js';
import { workerConfig } from '../config/worker.js';
import { findLocalStack } from './identity/stack.js';
import { maskedConfiguration } from './masked-configuration.js';
import { runCommand } from './program.js';
import { processTerminal } from './terminal.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

/** The commands of the demo stack are loaded only beside one; elsewhere the command line needs nothing but the API. */
const local = findLocalStack(process.env, process.cwd()) && (await import('../dev/commands/mount.js'));

process.exitCode = await runCommand(process.argv.slice(2), {
  env: process.env,
  terminal: processTerminal(),
  version,
  doctor: {
    configuration: () => [
      { process: 'api', settings: maskedConfiguration(apiConfig, process.env) },
      { process: 'worker', settings: maskedConfiguration(workerConfig, process.env) },
    ],
    local: async () => (local ? (await import('../dev/doctor/local-checks.js')).localChecks() : []),
  },
  mountLocal: (program) => local?.mountDev(program),
});
