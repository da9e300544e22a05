import { apiConfig } from '../config/api.js';
import { workerConfig } from '../config/worker.js';
import { runCommand } from './program.js';
import { endProcess, processTerminal } from './terminal.js';

/** The command line on its own. It needs nothing but the API; beside a demo stack bin/sluice.mjs starts dev/cli/main.ts instead. */
endProcess(
  await runCommand(process.argv.slice(2), {
    env: process.env,
    terminal: processTerminal(),
    schemas: { api: apiConfig, worker: workerConfig },
    // Loaded when it is asked for: no other command speaks to a mail server.
    mailServerProblem: async (smtpUrl) => (await import('../mail/check.js')).mailServerProblem(smtpUrl),
    local: null,
  }),
);
