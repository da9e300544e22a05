import type { Command } from 'commander';
import { type Connection, connect, type WhoOptions } from './identity/connect.js';
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
}

export interface GlobalOptions extends WhoOptions {
  json?: boolean;
}

export const createCli = (program: Command, env: NodeJS.ProcessEnv, terminal: Terminal): Cli => {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  return {
    env,
    terminal,
    options,
    connect: (more) => connect(env, { ...options(), ...more }, terminal),
    present: (data, human) => terminal.out(options().json ? JSON.stringify(data, null, 2) : human()),
    tell: terminal.err,
    suggest: (text) => {
      if (!options().json) terminal.err(`next: ${text}`);
    },
  };
};
