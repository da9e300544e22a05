import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { ProblemError, Unreachable } from '../client/problem-error.js';
import { breakable } from './break-off.js';
import { type Cli, createCli } from './cli.js';
import { auditCommands } from './commands/audit.js';
import { batchCommands } from './commands/batch.js';
import { type DoctorSettings, doctorCommand } from './commands/doctor.js';
import { waitingCommands } from './commands/evidence-waiting.js';
import { exceptionCommands } from './commands/exceptions.js';
import { factorCommands } from './commands/factors.js';
import { invitationCommands } from './commands/invitations.js';
import { keyCommands } from './commands/keys.js';
import { ledgerCommands } from './commands/ledger.js';
import { openCommand } from './commands/open.js';
import { passwordCommand } from './commands/password.js';
import { payeeCommands } from './commands/payee.js';
import { peopleCommands } from './commands/people.js';
import { proofCommands } from './commands/proof.js';
import { recoverCommand } from './commands/recover.js';
import { roleCommands } from './commands/roles.js';
import { securityCommands } from './commands/security.js';
import { sessionCommands } from './commands/sessions.js';
import { signInCommands } from './commands/sign-in.js';
import { signingCommands } from './commands/signing.js';
import { tenantCommands } from './commands/tenants.js';
import { verifyEmailCommand } from './commands/verify-email.js';
import { workspaceCommands } from './commands/workspace.js';
import { endingOf } from './ending.js';
import { EXIT, type ExitCode, Failure } from './failure.js';
import { json } from './render/json.js';
import type { Terminal } from './terminal.js';

export interface ProgramSettings {
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
  /** The configuration schemas of the processes, for `sluice doctor`. */
  schemas: DoctorSettings['schemas'];
  mailServerProblem: DoctorSettings['mailServerProblem'];
  /** What exists only beside a local demo stack; null elsewhere. */
  local: LocalStackParts | null;
}

export interface LocalStackParts extends NonNullable<DoctorSettings['local']> {
  /** Adds `sluice dev …`. */
  mountDev(program: Command): void;
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
const EXIT_CODES =
  'Exit codes: 0 done, 1 failed, 2 wrong usage, 4 sign in first, 130 broken off (Ctrl-C), 143 ended (SIGTERM). Data goes to standard output, messages to standard error.';

/** All commands, and what they work with. */
export const createProgram = ({ env, terminal, schemas, mailServerProblem, local }: ProgramSettings): { program: Command; cli: Cli } => {
  const program = new Command('sluice')
    .description('Pays many people safely: batches, gates, ledger and audit log, over the API.')
    .version(version)
    .option('--as <role>', 'act as a person of the local demo stack: preparer, approver, authorizer, executor, auditor, owner')
    .option('--profile <name>', 'act as the profile that `login` stored under this name')
    .option('--url <url>', 'address of the API')
    .option('--json', 'print JSON')
    .option('--idempotency-key <key>', 'the same command with the same key is one request, and is done once')
    .addHelpText(
      'after',
      `\n${EXIT_CODES}\nWho acts: --as, --profile, SLUICE_API_KEY, the default profile, the local stack's API key; the first that is there.`,
    )
    .showHelpAfterError('(see --help)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.err(text.trimEnd()) });
  const cli = createCli(program, env, terminal);
  signInCommands(program, cli);
  sessionCommands(program, cli);
  passwordCommand(program, cli);
  factorCommands(program, cli);
  verifyEmailCommand(program, cli);
  batchCommands(program, cli);
  payeeCommands(program, cli);
  peopleCommands(program, cli);
  invitationCommands(program, cli);
  roleCommands(program, cli);
  exceptionCommands(program, cli);
  waitingCommands(program, cli);
  ledgerCommands(program, cli);
  keyCommands(program, cli);
  signingCommands(program, cli);
  securityCommands(program, cli);
  auditCommands(program, cli);
  proofCommands(program, cli);
  doctorCommand(program, cli, { schemas, local, mailServerProblem });
  recoverCommand(program, cli);
  openCommand(program, cli);
  workspaceCommands(program, cli);
  tenantCommands(program, cli);
  if (local) local.mountDev(program);
  else refuseDev(program);
  return { program, cli };
};

/** Runs one command line and returns its exit code. It writes to the terminal only. */
export const runCommand = async (argv: readonly string[], settings: ProgramSettings): Promise<ExitCode> => {
  let hasPrinted = false;
  const terminal: Terminal = {
    ...settings.terminal,
    out: (text) => {
      hasPrinted = true;
      settings.terminal.out(text);
    },
  };
  let program: Command;
  let cli: Cli;
  try {
    ({ program, cli } = createProgram({ ...settings, terminal }));
  } catch (error) {
    // The file of the local stack can't be read.
    const { exitCode, message } = endingOf(error, { flags: [], options: {}, besideStack: false });
    terminal.err(message ?? '');
    return exitCode;
  }
  let acting = program;
  program.hook('preAction', (_program, command) => {
    acting = command;
  });
  const say = ({ message, hint }: { message: string | null; hint: string | null }): string =>
    [message, hint && `next: ${hint}`].flatMap((line) => (line ? cli.typed(line) : [])).join('\n');
  terminal.whenUnread(() => {
    const unread = cli.writes.unread();
    return unread && say(unread);
  });
  const sayReplayed = (): void => {
    const replayed = cli.replayed();
    if (replayed) terminal.err(say(replayed));
  };
  try {
    await breakable(() => program.parseAsync(argv, { from: 'user' }), cli.writes.standing);
    sayReplayed();
    return EXIT.ok;
  } catch (error) {
    const flags = cli.fields === 'members' ? [] : acting.options.flatMap(({ long }) => long ?? []);
    const { besideStack, signIn, as, named } = cli;
    const ending = endingOf(error, { flags, options: acting.opts(), besideStack, signIn, as, named });
    // What was printed is the answer, also when it is one that ends in a failure.
    if (ending.problem && cli.options().json && !hasPrinted) terminal.out(json(ending.problem, 2));
    const said = say(ending);
    if (said) terminal.err(said);
    const doubt = error instanceof ProblemError || error instanceof Unreachable ? cli.writes.doubt() : null;
    if (doubt) terminal.err(say(doubt));
    sayReplayed();
    return ending.exitCode;
  }
};

/** Without a local stack `sluice dev` only says how to start one. */
const refuseDev = (program: Command): void => {
  const dev = program.command('dev').description('the local demo stack: people, codes, letters, killing a process; needs one that was started here');
  dev.allowUnknownOption().allowExcessArguments();
  dev.action(() => {
    throw new Failure(EXIT.usage, 'No stack was started here.', 'npm start');
  });
};
