import type { Command } from 'commander';
import type { Standing } from './break-off.js';
import { asTyped, programOf } from './identity/as-typed.js';
import { type Connection, connect, type IdentityOptions } from './identity/connect.js';
import { findLocalStack } from './identity/stack.js';
import { json } from './render/json.js';
import type { Terminal } from './terminal.js';
import { createWrites, type Writes } from './writes.js';

/** What every command works with. */
export interface Cli {
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
  /** Options that every command takes. */
  options(): GlobalOptions;
  /** A client signed in as the person or key that this command acts as. */
  connect(more?: Pick<IdentityOptions, 'tenant' | 'operator'>): Promise<Connection>;
  /** What the command has asked the server to change. */
  writes: Writes;
  /** What to say when the answer is the stored one of an earlier request with the key that was given, else null. */
  replayed(): Standing | null;
  /** What people call the fields of the API that this command sends: its flags, or the members of their own JSON file. */
  fields: 'flags' | 'members';
  /** How somebody is signed in where the credentials were refused. */
  readonly signIn: string;
  /** Prints data on standard output: as JSON with `--json`, else as text for people. */
  present(data: unknown, human: () => string): void;
  /** Prints a message for people on standard error. */
  note(text: string): void;
  /** Prints what to do next, and what else may be done instead; not with `--json`. */
  suggest(text: string, ...others: string[]): void;
  /** Says how a person named the entries of a list that is sent, for refusals that name an entry by its place. */
  nameEntries(field: string, names: readonly string[]): void;
  readonly named: NamedEntries | null;
  /** A text with its commands as people have to type them here to reach what this command reaches. */
  typed(text: string): string;
  /** Whether this talks to a local demo stack. There `--as` is available. */
  readonly besideStack: boolean;
  /** The role of `--as`, where it was given. */
  readonly as: string | undefined;
}

export interface NamedEntries {
  field: string;
  names: readonly string[];
}

export interface GlobalOptions extends IdentityOptions {
  json?: boolean;
}

export const createCli = (program: Command, env: NodeJS.ProcessEnv, terminal: Terminal): Cli => {
  const isNearStack = findLocalStack(env, process.cwd()) !== null;
  const typedProgram = programOf(env, process.cwd());
  const writes = createWrites();
  let connection: Connection | null = null;
  let named: NamedEntries | null = null;
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  // Without a key of the caller's own, `batch create` finds its earlier runs and says so itself.
  const replayed = () => (options().idempotencyKey === undefined ? null : writes.replayed());
  const typed = (text: string): string =>
    asTyped(
      text,
      typedProgram,
      options(),
      program.commands.map((command) => command.name()),
    );
  return {
    env,
    terminal,
    options,
    connect: async (more) => {
      connection = await connect(env, { ...options(), ...more }, terminal, writes.watch);
      return connection;
    },
    writes,
    replayed,
    fields: 'flags',
    get signIn() {
      if (connection?.isOperator) return 'set SLUICE_OPERATOR_KEY to a credential of an operator that is valid';
      return connection?.isKeyOfVariable ? 'set SLUICE_API_KEY to a key that is valid, or unset it' : 'sluice login';
    },
    present: (data, human) => terminal.out(options().json ? json(data, 2) : human()),
    note: (text) => terminal.err(typed(text)),
    suggest: (text, ...others) => {
      // What follows is up to how things stand now, which a stored answer does not say.
      if (options().json || replayed()) return;
      terminal.err(typed(`next: ${text}`));
      for (const other of others) terminal.err(typed(`  or: ${other}`));
    },
    nameEntries: (field, names) => {
      named = { field, names };
    },
    get named() {
      return named;
    },
    typed,
    get besideStack() {
      return connection ? connection.stack !== null : isNearStack;
    },
    get as() {
      return options().as;
    },
  };
};
