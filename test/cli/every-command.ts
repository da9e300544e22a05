import type { Command } from 'commander';
import { createProgram, type ProgramSettings, runCommand } from '../../cli/program.js';
import { mountDev } from '../../dev/cli/commands.js';
import { BATCH, emptyFolder, PERSON } from './run-sluice.js';

/**
 * Settings of a command line that runs within the test: what it says goes to `said`, what it prints to `printed`. `unread` is what it says of
 * what it has done when the latter is lost.
 */
export const settingsOf = (env: NodeJS.ProcessEnv = {}, lines: string[] = []) => {
  const said: string[] = [];
  const printed: string[] = [];
  const folder = emptyFolder();
  let leaves: () => string | null = () => null;
  const settings: ProgramSettings = {
    env: { HOME: folder, XDG_CONFIG_HOME: folder, ...env },
    terminal: {
      out: (text) => void printed.push(text),
      err: (text) => void said.push(text),
      watched: false,
      canAsk: false,
      readLine: async () => lines.shift() ?? null,
      whenUnread: (says) => {
        leaves = says;
      },
    },
    schemas: {} as never,
    mailServerProblem: async () => null,
    local: { environment: () => ({ api: {}, worker: {} }), checks: async () => [], mountDev },
  };
  return { settings, said, printed, unread: () => leaves(), run: (argv: readonly string[]) => runCommand(argv, settings) };
};

export const wholeProgram = (): Command => createProgram(settingsOf().settings).program;

const all = (from: Command): Command[] => [from, ...from.commands.flatMap(all)];
/** Every command that does something. */
export const leavesOf = (program: Command): Command[] => all(program).filter((one) => one.commands.length === 0 || BOTH.includes(one.name()));
/** Commands that do something themselves and have others below them. */
const BOTH = ['password'];
/** `batch create` */
export const nameOf = (command: Command): string => (command.parent ? `${nameOf(command.parent)} ${command.name()}`.trim() : '');

const idOf = (prefix: string): string => `${prefix}_0198c2aa7c1e7b3d9f10a4c2e6b80d11`;
const ARGUMENTS: Readonly<Record<string, string>> = {
  ...{
    batch: BATCH.id,
    payee: idOf('payee'),
    exception: idOf('exc'),
    proposal: idOf('proposal'),
    evidence: idOf('parked'),
    delivery: idOf('delivery'),
    session: idOf('session'),
    factor: idOf('factor'),
    workspace: idOf('ws'),
    tenant: idOf('ws'),
  },
  ...{
    connection: idOf('conn'),
    key: idOf('key'),
    'signing-key': idOf('sigkey'),
    amount: '1.00',
    name: 'Shop',
    text: 'a text',
    person: PERSON.person_id,
    role: 'approver',
    email: 'nina@example.com',
    invitation: idOf('invitation'),
    stop: idOf('stop'),
    number: '1',
  },
};
const VALUES: Readonly<Record<string, string>> = {
  '--exclude': '0',
  '--currency': 'EUR',
  '--country': 'DE',
  '--scope': 'batches.read',
  '--role': 'auditor',
  '--step': 'freeze',
  '--owner': 'olu@example.com',
  '--plan': 'team',
  '--alert-at': '1',
  '--suspend-at': 'never',
};

/** What a command needs though no option by itself is required. */
const ONE_OF: Readonly<Record<string, string[]>> = { 'payee edit': ['--name', 'Ada'] };

/** A command line of this command with what it needs; `file` stands for its files. */
export const argvOf = (command: Command, file: string): string[] => [
  ...nameOf(command).split(' '),
  ...command.registeredArguments.map(
    (argument) => argument.argChoices?.[0] ?? (argument.name() === 'file' ? file : (ARGUMENTS[argument.name()] ?? 'x')),
  ),
  ...command.options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long ?? '', VALUES[long ?? ''] ?? 'x']),
  ...(ONE_OF[nameOf(command)] ?? []),
];

/** Why this line is no command of the program as printed, or null: `sluice`, then words as a shell reads them. Nothing is run. */
export const faultOf = async (line: string): Promise<string | null> => {
  const program = wholeProgram();
  for (const command of leavesOf(program)) command.action(() => {});
  const [, ...words] = wordsOf(line.replace(/^(?:SLUICE_DATA_DIR=(?:'[^']*'|\S+) )?(?:npx )?/, ''));
  try {
    await program.parseAsync(words, { from: 'user' });
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};

/** The words of a line, as a shell reads them. */
export const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:'[^']*'|"[^"]*"|\\'|[^\s'"\\])+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"|\\(')/g, (_all, single, double, escaped) => single ?? double ?? escaped),
  );
