import type { Command } from 'commander';
import type { Cli } from './cli.js';

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
export const suggestMore = (cli: Cli, command: string, page: { has_more: boolean; next_cursor: string | null }): void => {
  if (page.has_more) cli.suggest(`${command} --after ${page.next_cursor}`);
};
