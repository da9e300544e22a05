import type { Command } from 'commander';
import { type Connection, connect, type IdentityOptions } from './identity/connect.js';
import { findLocalStack } from './identity/stack.js';
import type { Terminal } from './terminal.js';

/** What every command works with. */
export interface Cli {
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
  /** Options that every command takes. */
  options(): GlobalOptions;
  /** A client signed in as the person or key that this command acts as. */
  connect(more?: Pick<IdentityOptions, 'tenant'>): Promise<Connection>;
  /** Prints data on standard output: as JSON with `--json`, else as text for people. */
  present(data: unknown, human: () => string): void;
  /** Prints a message for people on standard error. */
  note(text: string): void;
  /** Prints what to do next, and what else may be done instead; not with `--json`. */
  suggest(text: string, ...others: string[]): void;
  /** Whether this runs beside a local demo stack. There `--as` is available, and people type `npx sluice`. */
  besideStack: boolean;
}

export interface GlobalOptions extends IdentityOptions {
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
    note: terminal.err,
    suggest: (text, ...others) => {
      if (options().json) return;
      terminal.err(nextLine(text, besideStack));
      for (const other of others) terminal.err(`  or: ${asTyped(other, besideStack)}`);
    },
    besideStack,
  };
};

/** `next: …`, as people type it here. */
export const nextLine = (text: string, besideStack: boolean): string => `next: ${asTyped(text, besideStack)}`;

const asTyped = (text: string, besideStack: boolean): string => (besideStack ? text.replace(/^sluice /, 'npx sluice ') : text);
