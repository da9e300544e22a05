import type { Command } from 'commander';
import type { Client } from '../../client/client.js';
import type { ResponseOf } from '../../client/types.js';
import type { Cli } from '../cli.js';
import { askAnyCode } from '../code.js';
import { EXIT, Failure } from '../failure.js';
import { findPerson, PERSON } from '../find-person.js';
import { passkeyPage } from '../passkey-page.js';
import { ask } from '../prompt.js';
import { qrCode } from '../render/qr.js';
import { table } from '../render/table.js';
import { forWhoMay } from '../who-may.js';
import { withCode } from '../with-code.js';

type Factor = ResponseOf<'confirm_factor'>;

/** Second factors: those of who is signed in, and resets of a member's. */
export const factorCommands = (program: Command, cli: Cli): void => {
  const factors = program.command('factors').description('your second factors and recovery codes, and resets of those of others');

  factors
    .command('list', { isDefault: true })
    .description('list your second factors, and how many recovery codes are left')
    .action(async () => {
      const { client } = await connectPerson(cli);
      const all = await client.list_factors({});
      cli.present(all, () =>
        [
          table(
            ['FACTOR', 'NAME', 'KIND', 'STATE', 'CONFIRMED', 'OPENS GATES FROM', 'LAST USED'],
            all.data.map((one) => [one.id, one.name, one.kind, one.state, one.confirmed_at, one.decides_from, one.last_used_at]),
          ),
          `Recovery codes left: ${all.recovery_codes_left}`,
        ].join('\n'),
      );
      if (!all.data.some(({ state }) => state === 'active')) cli.suggest('sluice factors add');
    });

  factors
    .command('add')
    .description('add a second factor: shows a QR code, then asks for a code of it (asks, or reads from standard input, for your proof first)')
    .option('--name <name>', 'what you call it, such as phone', 'authenticator')
    .option('--passkey', 'a passkey, which a browser adds: prints the address of the page')
    .action(async ({ name, passkey }: { name: string; passkey?: true }) => {
      const { client, url } = await connectPerson(cli);
      if (passkey) {
        const { workspace } = await client.show_session({});
        const page = passkeyPage(url, 'passkeys', { workspace: workspace.id });
        cli.present({ url: page }, () => page);
        return cli.note('Open this page in a browser on the device that is to keep the passkey, sign in there, and add it.');
      }
      const made = await enrol(cli, client, name);
      const uri = made.otpauth_uri ?? '';
      cli.note('Scan this with your authenticator, or type the secret into it. It is never shown again.');
      cli.note(`${qrCode(uri)}\n${uri}\nSecret: ${inFours(made.secret ?? '')}`);
      const confirmed = await withCode(cli, `confirm ${name}`, (code, idempotencyKey) =>
        client.confirm_factor({ factor_id: made.id, code }, { idempotencyKey: `${idempotencyKey}-confirm` }),
      );
      presentConfirmed(cli, confirmed);
    });

  factors
    .command('remove')
    .description('remove a second factor that is not your last, by a code of another one or a recovery code')
    .argument('<factor>', 'its name or id')
    .action(async (which: string) => {
      const { client } = await connectPerson(cli);
      const id = await findFactor(client, which);
      const code = await askAnyCode(cli, ', of another factor or a recovery code');
      const removed = await client.remove_factor({ factor_id: id, code });
      cli.present(removed, () => `${removed.name} is removed.`);
      cli.suggest('sluice factors list');
    });

  factors
    .command('recovery-codes')
    .description('make ten new recovery codes; the old ones are void, and the new ones are shown this once (asks for a code)')
    .action(async () => {
      const { client } = await connectPerson(cli);
      const made = await withCode(cli, 'make recovery codes', (code, idempotencyKey) => client.renew_recovery_codes({ code }, { idempotencyKey }));
      cli.note(STORE_THEM);
      cli.present(made, () => made.recovery_codes.join('\n'));
    });

  factors
    .command('reset')
    .description('ask that all second factors of a member are taken away, or your own; somebody else confirms it (asks for a code)')
    .argument('<person>', PERSON)
    .action(async (name: string) => {
      const { client } = await connectPerson(cli);
      const own = (await client.show_session({})).person.id;
      const person_id = await findPerson(client, name);
      const asked = await withCode(cli, 'ask for the reset', (code, idempotencyKey) =>
        person_id === own
          ? client.ask_factor_reset({ code }, { idempotencyKey })
          : client.propose_factor_reset({ person_id, code }, { idempotencyKey }),
      );
      cli.present(asked, () => `The reset waits for somebody else until ${asked.expires_at}. The person is told by e-mail.`);
      cli.suggest(forWhoMay(`factors confirm-reset ${asked.person_id}`, 'confirm_factor_reset', cli, 'as somebody else'));
    });

  factors
    .command('confirm-reset')
    .description('confirm as the second person that all second factors of a member are taken away; ends their sessions (asks for a code)')
    .argument('<person>', PERSON)
    .action(async (name: string) => {
      const { client } = await connectPerson(cli);
      const person_id = await findPerson(client, name);
      const done = await withCode(cli, 'confirm the reset', (code, idempotencyKey) =>
        client.confirm_factor_reset({ person_id, code }, { idempotencyKey }),
      );
      cli.present(done, () => `All second factors of ${done.person_id} are gone; sessions that ended: ${done.ended_sessions ?? 0}.`);
    });
};

const STORE_THEM =
  'Store these codes where the authenticator is not, on paper or in a password safe. Each one signs you in once when the authenticator is lost.';

const connectPerson = async (cli: Cli) => {
  const connection = await cli.connect();
  const { apiKey } = connection;
  if (apiKey)
    throw new Failure(EXIT.usage, `Nobody is signed in: an API key of ${apiKey.from} is in use, and it has no second factor.`, 'sluice login');
  return connection;
};

/** Whoever has a factor proves it by a code, and who has none by the password. */
const enrol = async (cli: Cli, client: Client, name: string): Promise<Factor> => {
  const { data } = await client.list_factors({});
  if (data.some(({ state }) => state === 'active')) {
    const code = await askAnyCode(cli, ' that you have, or a recovery code');
    return client.enrol_factor({ name, code });
  }
  const password = await ask(cli.terminal, 'Present password', 'secret');
  return client.enrol_factor({ name, password });
};

const presentConfirmed = (cli: Cli, confirmed: Factor): void => {
  const codes = confirmed.recovery_codes ?? [];
  if (codes.length > 0) cli.note(STORE_THEM);
  cli.present(confirmed, () => [`${confirmed.name} counts now. It opens gates from ${confirmed.decides_from} on.`, ...codes].join('\n'));
  if (codes.length > 0) cli.suggest('sluice login   (permissions that slept wake in a new session)');
};

/** The id of one of the caller's factors, from that id or a name that only one of them has. */
const findFactor = async (client: Client, which: string): Promise<string> => {
  if (which.startsWith('factor_')) return which;
  const { data } = await client.list_factors({});
  const [found, ...more] = data.filter(({ name, state }) => name === which && state === 'active');
  if (found && more.length === 0) return found.id;
  const said = found ? `Several of your second factors are called ${which}; name one by its id.` : `You have no second factor called ${which}.`;
  throw new Failure(EXIT.failed, said, 'sluice factors list', found ? null : 'not_found');
};

/** `JBSW Y3DP EHPK 3PXP`, as people type it. */
const inFours = (secret: string): string => secret.match(/.{1,4}/g)?.join(' ') ?? secret;
