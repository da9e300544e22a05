import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { askLink, publicClient } from '../link-token.js';

/** verify-email. */
export const verifyEmailCommand = (program: Command, cli: Cli): void => {
  program
    .command('verify-email')
    .description(
      'ask for a letter that proves your own e-mail address; with --token, prove it by its link (asks for the link, or reads it from standard input)',
    )
    .option('--token', 'use the link of the letter')
    .action(async ({ token }: { token?: boolean }) => {
      if (token) {
        const done = await publicClient(cli).complete_email_verification({ token: await askLink(cli) });
        return cli.present(done, () => `The address ${done.email} is proven.`);
      }
      const { client, apiKey } = await cli.connect();
      if (apiKey)
        throw new Failure(EXIT.usage, `Nobody is signed in: an API key of ${apiKey.from} is in use, and it has no address.`, 'sluice login');
      const asked = await client.ask_email_verification({});
      cli.present(asked, () => `A letter to ${asked.email} is on its way. Its link works once, for ${asked.link_hours} hours.`);
      cli.suggest('sluice verify-email --token');
    });
};
