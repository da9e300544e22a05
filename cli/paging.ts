import type { Command } from 'commander';
import type { Cli } from './cli.js';
import { quoted } from './quoted.js';

export interface PageOptions {
  limit: string;
  after?: string;
}

/** Adds the options of a list that comes in pages. */
export const withPage = (command: Command): Command =>
  command.option('--limit <count>', 'at most 200', '50').option('--after <id>', 'go on after this id, the last of the page before');

/** These options, as the API takes them. */
export const pageOf = ({ limit, after }: PageOptions) => ({ limit, starting_after: after });

/** Suggests the command for the next page, if there is one. */
export const suggestMore = (cli: Cli, command: Command, page: { has_more: boolean; next_cursor: string | null }): void => {
  if (page.has_more) cli.suggest(`${lineOf(command)} --after ${page.next_cursor}`);
};

/** The command line that runs this command as it was run, without `--after`. What reaches the same workspace is added where it is printed. */
const lineOf = (command: Command): string => {
  const chain = chainOf(command);
  return [...chain.map((one) => one.name()), ...command.args.map(quoted), ...chain.slice(1).flatMap(givenTo)].join(' ');
};

/** The program, its command, and the commands below down to this one. */
const chainOf = (command: Command): Command[] => [...(command.parent ? chainOf(command.parent) : []), command];

/** The flags that a person typed for a command, each with its value. */
const givenTo = (command: Command): string[] =>
  command.options.flatMap((option) => {
    const name = option.attributeName();
    if (option.long === '--after' || command.getOptionValueSource(name) !== 'cli') return [];
    const value: unknown = command.getOptionValue(name);
    return [option.long ?? '', ...(typeof value === 'boolean' ? [] : [value].flat().map((one) => quoted(String(one))))];
  });
