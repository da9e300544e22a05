import { rmSync } from 'node:fs';
import type { Command } from 'commander';
import { createClient } from '../../client/client.js';
import { ProblemError } from '../../client/problem-error.js';
import type { Cli } from '../cli.js';
import { askOptionalCode } from '../code.js';
import { EXIT, Failure } from '../failure.js';
import { addressOf } from '../identity/connect.js';
import { sessionPath } from '../identity/demo-person.js';
import { DEFAULT_PROFILE, forgetProfile, saveProfile } from '../identity/profiles.js';
import { ask } from '../prompt.js';
import { facts } from '../render/table.js';

/** login, logout, whoami. */
export const signInCommands = (program: Command, cli: Cli): void => {
  program
    .command('login')
    .description('sign in and store the session as a profile (asks for password and code, or reads them from standard input)')
    .option('--email <address>', 'your e-mail address; without it, the command asks')
    .option('--workspace <id>', 'the workspace to work in; default: the test workspace')
    .action(async ({ email, workspace }: { email?: string; workspace?: string }) => {
      const { url } = addressOf(cli.env, cli.options());
      const name = cli.options().profile ?? DEFAULT_PROFILE;
      const address = email ?? (await ask(cli.terminal, 'E-mail', 'open'));
      const password = await ask(cli.terminal, 'Password', 'secret');
      const code = await askOptionalCode(cli, ' of your authenticator, or a recovery code; empty if you have no second factor yet');
      const session = await createClient({ baseUrl: url, token: null, watch: cli.writes.watch }).create_session({
        email: address,
        password,
        ...(code === null ? {} : { code }),
        ...(workspace ? { workspace_id: workspace } : {}),
      });
      const { token, ...shown } = session;
      if (!token) throw new Failure(EXIT.failed, 'The server returned no session token.');
      saveProfile(cli.env, name, { url, token, email: address, workspace_id: session.workspace.id, expires_at: session.expires_at });
      cli.present(
        shown,
        () => `Signed in as ${shown.person.name}, ${shown.person.roles.join(', ')}, in ${shown.workspace.name} (${shown.workspace.mode}).`,
      );
      if (shown.sleeping_permissions?.length) {
        cli.note(`${shown.advice} They are: ${shown.sleeping_permissions.join(', ')}.`);
        return cli.suggest('sluice factors add');
      }
      cli.suggest('sluice batch list');
    });

  program
    .command('logout')
    .description('end the session and remove it from this machine')
    .action(async () => {
      const { profile, as } = cli.options();
      const { client, stack, apiKey } = await cli.connect();
      if (apiKey?.profile) {
        forgetProfile(cli.env, apiKey.profile);
        return cli.present(
          { object: 'api_key', prefix: apiKey.prefix },
          () => `${apiKey.prefix}… is forgotten here; it stays valid until it is revoked.`,
        );
      }
      if (apiKey) throw new Failure(EXIT.usage, `Nobody is signed in: an API key of ${apiKey.from} is in use, and it has no session to end.`);
      const ended = await client.end_session({});
      if (as && stack) rmSync(sessionPath(stack, as), { force: true });
      else forgetProfile(cli.env, profile ?? DEFAULT_PROFILE);
      cli.present(ended, () => 'Signed out.');
    });

  program
    .command('whoami')
    .description('show who is signed in, and where')
    .action(async () => {
      const { client, url, apiKey } = await cli.connect();
      if (apiKey) {
        // The server does not tell a key who it is, but it refuses one that it does not know before it asks what that may do.
        await client.show_session({}).catch((error: unknown) => {
          if (!(error instanceof ProblemError && error.problem.code === 'forbidden')) throw error;
        });
        const { prefix, from } = apiKey;
        return cli.present({ object: 'api_key', prefix, from, api: url }, () =>
          facts([
            ['API key', `${prefix}…; nobody is signed in`],
            ['from', from],
            ['api', url],
          ]),
        );
      }
      const session = await client.show_session({});
      cli.present(session, () =>
        facts([
          ['person', `${session.person.name} <${session.person.email}>`],
          ['roles', session.person.roles.join(', ')],
          ['workspace', `${session.workspace.name} (${session.workspace.mode}), ${session.workspace.id}`],
          ...(session.sleeping_permissions?.length ? ([['asleep', session.sleeping_permissions.join(', ')]] as const) : []),
          ['until', session.expires_at],
          ['api', url],
        ]),
      );
    });
};
