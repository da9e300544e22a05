import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { ask } from '../prompt.js';
import { withCode } from '../with-code.js';

/** password. */
export const passwordCommand = (program: Command, cli: Cli): void => {
  program
    .command('password')
    .description(
      'change your own password; ends your other sessions (asks for the present one, the new one and a code, or reads these lines from standard input)',
    )
    .action(async () => {
      if (cli.as) throw new Failure(EXIT.usage, 'People of the demo stack keep the passwords of its file, or --as could not sign them in again.');
      const { client, apiKey } = await cli.connect();
      if (apiKey)
        throw new Failure(EXIT.usage, `Nobody is signed in: an API key of ${apiKey.from} is in use, and it has no password.`, 'sluice login');
      const password = await ask(cli.terminal, 'Present password', 'secret');
      const new_password = await askNew(cli);
      const changed = await withCode(cli, 'change the password', (code, idempotencyKey) =>
        client.change_password({ password, new_password, code }, { idempotencyKey }),
      );
      cli.present(changed, () => `The password is changed. ${endedWords(changed.ended_sessions)}`);
    });
};

/** A person types it twice, because nobody sees what was typed. */
const askNew = async (cli: Cli): Promise<string> => {
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
