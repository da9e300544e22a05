import type { Command } from 'commander';
import type { RequestOf } from '../../client/types.js';
import type { Cli } from '../cli.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { table } from '../render/table.js';

type Scopes = RequestOf<'create_api_key'>['scopes'];

export const keyCommands = (program: Command, cli: Cli): void => {
  const keys = program.command('keys').description('API keys of the workspace');

  keys
    .command('create')
    .description('make an API key; its secret is shown this once')
    .argument('<name>')
    .requiredOption('--scopes <scopes...>', 'such as batches.create batches.read; no key opens a gate')
    .option('--expires-at <time>', 'RFC 3339, such as 2027-01-01T00:00:00Z')
    .action(async (name: string, { scopes, expiresAt }: { scopes: string[]; expiresAt?: string }) => {
      const { client } = await cli.connect();
      const made = await client.create_api_key({ name, scopes: scopes as Scopes, ...(expiresAt ? { expires_at: expiresAt } : {}) });
      cli.note('Copy the secret now: only its hash is stored, so it is never shown again.');
      cli.present(made, () => made.secret ?? made.id);
      cli.suggest(`sluice keys revoke ${made.id}`);
    });

  withPage(keys.command('list').description('list API keys')).action(async (options: PageOptions, command: Command) => {
    const { client } = await cli.connect();
    const page = await client.list_api_keys(pageOf(options));
    cli.present(page, () =>
      table(
        ['KEY', 'NAME', 'PREFIX', 'SCOPES', 'EXPIRES', 'REVOKED'],
        page.data.map((one) => [one.id, one.name, one.prefix, one.scopes.join(' '), one.expires_at, one.revoked_at]),
      ),
    );
    suggestMore(cli, command, page);
  });

  keys
    .command('revoke')
    .description('revoke an API key at once')
    .argument('<key>')
    .action(async (id: string) => {
      const { client } = await cli.connect();
      const revoked = await client.revoke_api_key({ key_id: id });
      cli.present(revoked, () => `${revoked.name} (${revoked.prefix}…) is revoked since ${revoked.revoked_at}.`);
    });
};
