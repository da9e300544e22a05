import type { Command } from 'commander';
import type { RequestOf } from '../../client/types.js';
import type { Cli } from '../cli.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { table } from '../render/table.js';
import { typedDuration } from '../typed-duration.js';
import { withCode } from '../with-code.js';

type Scopes = RequestOf<'create_api_key'>['scopes'];

interface NewKey {
  scope: string[];
  expires?: string;
  allow?: string[];
}

const COPY_NOW = 'Copy the secret now: only its hash is stored, so it is never shown again.';

export const keyCommands = (program: Command, cli: Cli): void => {
  const keys = program.command('keys').description('API keys of the workspace');

  keys
    .command('create')
    .description('make an API key (asks for a code); its secret is shown this once')
    .argument('<name>')
    .requiredOption('--scope <scopes...>', 'such as batches.create batches.read; no key opens a gate')
    .option('--expires <time>', 'RFC 3339, such as 2027-01-01T00:00:00Z; default: never')
    .option('--allow <networks...>', 'where it may be used from, such as 203.0.113.0/24 2001:db8::/32; default: everywhere')
    .action(async (name: string, { scope, expires, allow }: NewKey) => {
      const { client } = await cli.connect();
      const asked = { name, scopes: scope as Scopes, expires_at: expires, allowed_networks: allow };
      const made = await withCode(cli, 'make the key', (code, idempotencyKey) => client.create_api_key({ ...asked, code }, { idempotencyKey }));
      cli.note(COPY_NOW);
      cli.present(made, () => made.secret ?? made.id);
      cli.suggest(`sluice keys revoke ${made.id}`);
    });

  withPage(keys.command('list').description('list API keys, with their state and last use')).action(
    async (options: PageOptions, command: Command) => {
      const { client } = await cli.connect();
      const page = await client.list_api_keys(pageOf(options));
      cli.present(page, () =>
        table(
          ['KEY', 'NAME', 'PREFIX', 'STATE', 'SCOPES', 'NETWORKS', 'EXPIRES', 'LAST USED', 'FROM'],
          page.data.map((one) => [
            ...[one.id, one.name, one.prefix, one.state, one.scopes.join(' '), one.allowed_networks.join(' ') || null],
            ...[one.expires_at, one.last_used_at, one.last_used_from],
          ]),
        ),
      );
      suggestMore(cli, command, page);
    },
  );

  keys
    .command('rotate')
    .description('put a new secret in the place of an API key of yours (asks for a code); it is shown this once')
    .argument('<key>')
    .option('--grace <duration>', 'how long the old one goes on, such as 30m or 1h, up to 24h; default: it ends at once')
    .action(async (id: string, { grace }: { grace?: string }) => {
      const seconds = grace === undefined ? undefined : typedDuration('--grace', grace);
      const { client } = await cli.connect();
      const asked = { key_id: id, grace_seconds: seconds };
      const made = await withCode(cli, 'rotate the key', (code, idempotencyKey) => client.rotate_api_key({ ...asked, code }, { idempotencyKey }));
      cli.note(COPY_NOW);
      cli.note(seconds ? `The old secret goes on for ${grace} at most.` : 'The old secret has ended.');
      cli.present(made, () => made.secret ?? made.id);
      cli.suggest('sluice keys list');
    });

  keys
    .command('resume')
    .description('let a suspended API key go on (asks for a code), once it is known why its requests were refused')
    .argument('<key>')
    .action(async (id: string) => {
      const { client } = await cli.connect();
      const now = await withCode(cli, 'resume the key', (code, idempotencyKey) => client.resume_api_key({ key_id: id, code }, { idempotencyKey }));
      cli.present(now, () => `${now.name} (${now.prefix}…) is ${now.state} again.`);
      cli.suggest('sluice keys list');
    });

  keys
    .command('revoke')
    .description('revoke an API key at once and for ever')
    .argument('<key>')
    .action(async (id: string) => {
      const { client } = await cli.connect();
      const revoked = await client.revoke_api_key({ key_id: id });
      cli.present(revoked, () => `${revoked.name} (${revoked.prefix}…) is revoked since ${revoked.revoked_at}.`);
    });
};
