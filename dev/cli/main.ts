import { runCommand } from '../../cli/program.js';
import { endProcess, processTerminal } from '../../cli/terminal.js';
import { apiConfig } from '../../config/api.js';
import { workerConfig } from '../../config/worker.js';
import { mountDev } from './commands.js';
import { localChecks, localEnvironment } from './local-checks.js';

/** The command line beside a local demo stack: the one of cli/main.ts, with `sluice dev …` and the stack's own checks. */
endProcess(
  await runCommand(process.argv.slice(2), {
    env: process.env,
    terminal: processTerminal(),
    schemas: { api: apiConfig, worker: workerConfig },
    // Loaded when it is asked for: no other command speaks to a mail server.
    mailServerProblem: async (smtpUrl) => (await import('../../mail/check.js')).mailServerProblem(smtpUrl),
    local: { environment: localEnvironment, checks: localChecks, mountDev },
  }),
);
