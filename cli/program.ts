import { Command } from 'commander';
import { createCli, nextLine } from './cli.js';
import { auditCommands } from './commands/audit.js';
import { batchCommands } from './commands/batch.js';
import { type DoctorParts, doctorCommand } from './commands/doctor.js';
import { keyCommands } from './commands/keys.js';
import { ledgerCommands } from './commands/ledger.js';
import { openCommand } from './commands/open.js';
import { payeeCommands } from './commands/payee.js';
import { proofCommands } from './commands/proof.js';
import { signInCommands } from './commands/sign-in.js';
import { EXIT, type ExitCode, endingOf } from './failure.js';
import type { Terminal } from './terminal.js';

export interface ProgramSettings {
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
  version: string;
  doctor: DoctorParts;
  /** Adds what exists only beside a local stack. */
  mountLocal: (program: Command) => void;
}

const EXIT_CODES = 'Exit codes: 0 done, 1 failed, 2 wrong usage, 4 sign in first. Data goes to standard output, messages to standard error.';

/** Runs one command line and answers its exit code. Writes to the terminal only. */
export const runCommand = async (argv: readonly string[], settings: ProgramSettings): Promise<ExitCode> => {
  const { env, terminal } = settings;
  const program = new Command('sluice')
    .description('Pays many people safely: batches, gates, ledger and audit log, over the API.')
    .version(settings.version)
    .option('--as <role>', 'speak as a person of the local demo stack: preparer, approver, authorizer, executor, auditor')
    .option('--profile <name>', 'speak as the profile that `login` kept under this name')
    .option('--url <url>', 'address of the API')
    .option('--json', 'answer as JSON')
    .addHelpText('after', `\n${EXIT_CODES}\nWho speaks: --as, --profile, SLUICE_API_KEY, the default profile, the local stack's API key.`)
    .showHelpAfterError('(see --help)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.err(text.trimEnd()) });
  const cli = createCli(program, env, terminal);
  signInCommands(program, cli);
  batchCommands(program, cli);
  payeeCommands(program, cli);
  ledgerCommands(program, cli);
  keyCommands(program, cli);
  auditCommands(program, cli);
  proofCommands(program, cli);
  doctorCommand(program, cli, settings.doctor);
  openCommand(program, cli);
  settings.mountLocal(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    const ending = endingOf(error);
    if (ending.problem && cli.options().json) terminal.out(JSON.stringify(ending.problem, null, 2));
    if (ending.message) terminal.err(ending.message);
    if (ending.hint) terminal.err(nextLine(ending.hint, cli.besideStack));
    return ending.exitCode;
  }
};
