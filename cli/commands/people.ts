import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { table } from '../render/table.js';

export const peopleCommands = (program: Command, cli: Cli): void => {
  const people = program.command('people').description('who works in the workspace');

  withPage(people.command('list').description('list its members').option('--email <address>', 'only the one with this address')).action(
    async ({ email, ...page }: PageOptions & { email?: string }, command: Command) => {
      const { client } = await cli.connect();
      const listed = await client.list_people({ email, ...pageOf(page) });
      cli.present(listed, () =>
        table(
          ['PERSON', 'NAME', 'E-MAIL', 'ROLE', 'ACTIVE'],
          listed.data.map((one) => [one.id, one.name, one.email, one.role, one.active ? 'yes' : 'no']),
        ),
      );
      suggestMore(cli, command, listed);
    },
  );
};
