import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { askLink, publicClient } from '../link-token.js';
import { ask } from '../prompt.js';
import { withCode } from '../with-code.js';

/** password, password reset. */
export const passwordCommand = (program: Command, cli: Cli): void => {
  const password = program
    .command('password')
    .description(
      'change your own password; ends your other sessions (asks for the present one, the new one and a code, or reads these lines from standard input)',
    )
    .action(async () => {
      if (cli.as) throw new Failure(EXIT.usage, 'People of the demo stack keep the passwords of its file, or --as could not sign them in again.');
      const { client, apiKey } = await cli.connect();
      if (apiKey)
        throw new Failure(EXIT.usage, `Nobody is signed in: an API key of ${apiKey.from} is in use, and it has no password.`, 'sluice login');
      const present = await ask(cli.terminal, 'Present password', 'secret');
      const new_password = await askNew(cli);
      const changed = await withCode(cli, 'change the password', (code, idempotencyKey) =>
        client.change_password({ password: present, new_password, code }, { idempotencyKey }),
      );
      cli.present(changed, () => `The password is changed. ${endedWords(changed.ended_sessions)}`);
    });

  password
    .command('reset')
    .description(
      'ask for a letter that resets a password; with --token, set a new one by its link (asks for the link and the new password, or reads these lines from standard input)',
    )
    .argument('[email]', 'address of the account')
    .option('--token', 'use the link of the letter')
    .action(async (email: string | undefined, { token }: { token?: boolean }) => {
      if ((email === undefined) !== (token === true))
        throw new Failure(EXIT.usage, 'Give the address of the account to ask for a letter, or --token to use the link of one.');
      const client = publicClient(cli);
      if (email !== undefined) {
        const asked = await client.ask_password_reset({ email });
        cli.present(asked, () => `If there is an account for ${email}, a letter is on its way. Its link works once, for ${asked.link_hours} hours.`);
        return cli.suggest('sluice password reset --token');
      }
      const link = await askLink(cli);
      const done = await client.complete_password_reset({ token: link, new_password: await askNew(cli) });
      cli.present(
        done,
        () => `The password is reset. ${done.ended_sessions === 0 ? 'No session was open.' : `Sessions that ended: ${done.ended_sessions}.`}`,
      );
      cli.suggest('sluice login');
    });
};

/** A person types it twice, because nobody sees what was typed. */
export const askNew = async (cli: Cli): Promise<string> => {
  const typed = await ask(cli.terminal, 'New password', 'secret');
  if (!cli.terminal.canAsk) return typed;
  const again = await ask(cli.terminal, 'The new password again', 'secret');
  if (again !== typed) throw new Failure(EXIT.usage, 'The two new passwords differ; nothing was sent.');
  return typed;
};

const endedWords = (count: number): string => {
  if (count === 0) return 'You had no other session.';
  return count === 1 ? 'Your other session has ended.' : `Your ${count} other sessions have ended.`;
};
