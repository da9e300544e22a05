import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { table } from '../render/table.js';

export const sessionCommands = (program: Command, cli: Cli): void => {
  const sessions = program.command('sessions').description('where you are signed in, in all workspaces');

  withPage(sessions.command('list').description('list your sessions that are open')).action(async (options: PageOptions, command: Command) => {
    const { client } = await cli.connect();
    const page = await client.list_sessions(pageOf(options));
    cli.present(page, () =>
      table(
        ['SESSION', 'WORKSPACE', 'PROGRAM', 'NETWORK', 'OPENED', 'LAST USED', ''],
        page.data.map((one) => [
          one.id,
          one.workspace_id,
          one.device,
          one.network,
          one.created_at,
          one.last_used_at,
          one.current ? 'this one' : null,
        ]),
      ),
    );
    suggestMore(cli, command, page);
  });

  sessions
    .command('end')
    .description('end one of your sessions at once')
    .argument('<session>', 'its id')
    .action(async (id: string) => {
      const { client } = await cli.connect();
      const ended = await client.end_other_session({ session_id: id });
      cli.present(ended, () => `The session ${id} has ended.`);
    });

  sessions
    .command('end-others')
    .description('end all your sessions but this one, in all workspaces')
    .action(async () => {
      const { client } = await cli.connect();
      const { ended } = await client.end_other_sessions({});
      cli.present({ ended }, () => (ended.length === 1 ? 'One other session has ended.' : `${ended.length} other sessions have ended.`));
      cli.suggest('sluice sessions list');
    });
};
