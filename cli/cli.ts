import type { Command } from 'commander';
import { type Connection, connect, type WhoOptions } from './identity/connect.js';
import { findLocalStack } from './identity/stack.js';
import type { Terminal } from './terminal.js';

/** What every command works with. */
export interface Cli {
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
  /** Options that stand before or after any command. */
  options(): GlobalOptions;
  /** Who speaks, and the client that speaks for them. */
  connect(more?: Pick<WhoOptions, 'tenant'>): Promise<Connection>;
  /** Data for standard output: JSON with `--json`, else what people read. */
  present(data: unknown, human: () => string): void;
  /** A message for people on standard error. */
  tell(text: string): void;
  /** What to do next; not with `--json`. */
  suggest(text: string): void;
  /** Whether this runs beside a local demo stack: there people have roles to speak as, and `sluice` is typed with `npx`. */
  besideStack: boolean;
}

export interface GlobalOptions extends WhoOptions {
  json?: boolean;
}

export const createCli = (program: Command, env: NodeJS.ProcessEnv, terminal: Terminal): Cli => {
  const besideStack = findLocalStack(env, process.cwd()) !== null;
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  return {
    env,
    terminal,
    options,
    connect: (more) => connect(env, { ...options(), ...more }, terminal),
    present: (data, human) => terminal.out(options().json ? JSON.stringify(data, null, 2) : human()),
    tell: terminal.err,
    suggest: (text) => {
      if (!options().json) terminal.err(nextLine(text, besideStack));
    },
    besideStack,
  };
};

/** `next: …` as it is typed here. */
export const nextLine = (text: string, besideStack: boolean): string => `next: ${besideStack ? text.replace(/^sluice /, 'npx sluice ') : text}`;
