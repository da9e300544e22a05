import { type Command, Option } from 'commander';
import type { ResponseOf } from '../../client/types.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { findPayee } from '../find-payee.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { whoText } from '../render/done-by.js';
import { facts, table } from '../render/table.js';

type Payee = ResponseOf<'show_payee'>;

interface DestinationOptions {
  iban?: string;
  bic?: string;
  routingNumber?: string;
  accountNumber?: string;
  accountToken?: string;
}

interface NewPayee extends DestinationOptions {
  reference: string;
  name: string;
  country: string;
  type: Payee['payee_type'];
}

interface PayeeEdit {
  name?: string;
  type?: Payee['payee_type'];
  country?: string;
  reason?: string;
}

const PAYEE = 'its id, or your reference';

export const payeeCommands = (program: Command, cli: Cli): void => {
  const payee = program.command('payee').description('payees and their destinations');

  withDestination(payee.command('create').description('add a payee'))
    .requiredOption('--reference <text>', 'your own id of the payee')
    .requiredOption('--name <text>')
    .requiredOption('--country <code>', 'ISO 3166-1, such as DE')
    .addOption(new Option('--type <type>').choices(['individual', 'company']).default('individual'))
    .action(async ({ reference, name, country, type, ...where }: NewPayee) => {
      const { client } = await cli.connect();
      const made = await client.create_payee({ reference, name, country, payee_type: type, ...destinationOf(where) });
      cli.present(made, () => payeeFacts(made));
    });

  withPage(payee.command('list').description('list payees').option('--reference <text>', 'only the one with this reference')).action(
    async ({ reference, ...page }: PageOptions & { reference?: string }, command: Command) => {
      const { client } = await cli.connect();
      const payees = await client.list_payees({ reference, ...pageOf(page) });
      cli.present(payees, () =>
        table(
          ['PAYEE', 'REFERENCE', 'NAME', 'COUNTRY', 'DESTINATION', 'HELD'],
          payees.data.map((one) => [one.id, one.reference, one.name, one.country, one.destination?.masked ?? null, one.held ? 'yes' : 'no']),
        ),
      );
      suggestMore(cli, command, payees);
    },
  );

  payee
    .command('show')
    .description('show one payee')
    .argument('<payee>', PAYEE)
    .action(async (name: string) => {
      const { client } = await cli.connect();
      const shown = await client.show_payee({ payee_id: await findPayee(client, name) });
      cli.present(shown, () => payeeFacts(shown));
    });

  payee
    .command('edit')
    .description('correct name, type or country; batches keep what they were created with')
    .argument('<payee>', PAYEE)
    .option('--name <text>')
    .addOption(new Option('--type <type>').choices(['individual', 'company']))
    .option('--country <code>', 'ISO 3166-1, such as DE')
    .option('--reason <text>', 'why, needed once the payee was paid; only a hash of it is kept, in the audit log')
    .action(async (name: string, edit: PayeeEdit) => {
      const { client } = await cli.connect();
      const { type, ...more } = edit;
      if (type === undefined && more.name === undefined && more.country === undefined)
        throw new Failure(EXIT.usage, 'Give what is to change: --name, --type or --country.');
      const payee_id = await findPayee(client, name);
      const { destination: before } = await client.show_payee({ payee_id });
      const changed = await client.edit_payee({ payee_id, payee_type: type, ...more });
      cli.present(changed, () => payeeFacts(changed));
      const { destination: now } = changed;
      // Somebody else may have changed the account in between.
      if (before && now && now.version !== before.version && now.masked === before.masked) cli.note(newVersion(now.version));
    });

  withDestination(payee.command('add-destination').description('give a payee a new destination; batches keep the one they were created with'))
    .argument('<payee>', PAYEE)
    .action(async (name: string, where: DestinationOptions) => {
      const { client } = await cli.connect();
      const changed = await client.add_destination({ payee_id: await findPayee(client, name), ...destinationOf(where) });
      cli.present(changed, () => payeeFacts(changed));
    });

  for (const { verb, description, why } of [
    { verb: 'hold', description: 'send nothing to a payee until released, in running batches too', why: 'why, shown as long as the payee is held' },
    {
      verb: 'release',
      description: 'let a held payee go; what was blocked meanwhile stays blocked',
      why: 'why; only a hash of it is kept, in the audit log',
    },
  ] as const)
    payee
      .command(verb)
      .description(description)
      .argument('<payee>', PAYEE)
      .requiredOption('--reason <text>', why)
      .action(async (name: string, { reason }: { reason: string }) => {
        const { client } = await cli.connect();
        const changed = await client[`${verb}_payee`]({ payee_id: await findPayee(client, name), reason });
        cli.present(changed, () => payeeFacts(changed));
        const { hold } = changed;
        if (verb !== 'hold' || !hold || hold.reason === reason) return;
        const by = whoText(hold.held_by);
        cli.note(`The payee was held already, since ${hold.held_at}${by ? ` by ${by}` : ''}; your reason was not stored.`);
      });
};

const withDestination = (command: Command): Command =>
  command
    .option('--iban <iban>')
    .option('--bic <bic>')
    .option('--routing-number <digits>', 'with --account-number')
    .option('--account-number <digits>')
    .option('--account-token <token>');

const destinationOf = ({ iban, bic, routingNumber, accountNumber, accountToken }: DestinationOptions) => ({
  iban,
  bic,
  routing_number: routingNumber,
  account_number: accountNumber,
  account_token: accountToken,
});

const newVersion = (version: number): string =>
  `The account is the same. Its version is ${version} now because name, type and country are part of a version; batches that are there keep theirs.`;

const payeeFacts = (payee: Payee): string =>
  facts([
    ['payee', payee.id],
    ['reference', payee.reference],
    ['name', payee.name],
    ['type', payee.payee_type],
    ['country', payee.country],
    ['destination', payee.destination ? `${payee.destination.masked} (version ${payee.destination.version})` : null],
    ['held', payee.hold ? `since ${payee.hold.held_at}` : 'no'],
    ...(payee.hold
      ? ([
          ['held by', whoText(payee.hold.held_by)],
          ['reason', payee.hold.reason],
        ] as const)
      : []),
  ]);
