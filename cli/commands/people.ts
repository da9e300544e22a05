import type { Command } from 'commander';
import type { ResponseOf } from '../../client/types.js';
import type { Cli } from '../cli.js';
import { findPerson, PERSON } from '../find-person.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { facts, table } from '../render/table.js';
import { forWhoMay } from '../who-may.js';

type Person = ResponseOf<'disable_person'>;

export const peopleCommands = (program: Command, cli: Cli): void => {
  const people = program.command('people').description('who works in the workspace, and with which roles');

  withPage(people.command('list').description('list its members').option('--email <address>', 'only the one with this address')).action(
    async ({ email, ...page }: PageOptions & { email?: string }, command: Command) => {
      const { client } = await cli.connect();
      const listed = await client.list_people({ email, ...pageOf(page) });
      cli.present(listed, () =>
        table(
          ['PERSON', 'NAME', 'E-MAIL', 'ROLES', 'ACTIVE', 'ADDRESS PROVEN'],
          listed.data.map((one) => [one.id, one.name, one.email, one.roles.join(', '), one.active ? 'yes' : 'no', one.email_verified ? 'yes' : 'no']),
        ),
      );
      suggestMore(cli, command, listed);
    },
  );

  people
    .command('set-roles')
    .description('give a member exactly these roles, from their next request on')
    .argument('<person>', PERSON)
    .argument('<roles...>', 'such as approver auditor; `sluice roles list` says what each allows')
    .action(async (name: string, roles: string[]) => {
      const { client } = await cli.connect();
      const changed = await client.set_person_roles({ person_id: await findPerson(client, name), roles });
      cli.present(changed, () => personFacts(changed));
      cli.suggest('sluice roles list');
    });

  people
    .command('disable')
    .description('let a member do nothing here any more; their sessions end, and their API keys stop')
    .argument('<person>', PERSON)
    .action(async (name: string) => {
      const { client } = await cli.connect();
      const disabled = await client.disable_person({ person_id: await findPerson(client, name) });
      cli.present(disabled, () => personFacts(disabled));
      cli.suggest(forWhoMay(`people enable ${disabled.id}`, 'enable_person', cli));
    });

  people
    .command('enable')
    .description('let a disabled member work again, with the roles and API keys they had')
    .argument('<person>', PERSON)
    .action(async (name: string) => {
      const { client } = await cli.connect();
      const enabled = await client.enable_person({ person_id: await findPerson(client, name) });
      cli.present(enabled, () => personFacts(enabled));
      cli.suggest('sluice people list');
    });
};

const personFacts = (one: Person): string =>
  facts([
    ['person', one.id],
    ['name', one.name],
    ['e-mail', one.email],
    ['roles', one.roles.join(', ')],
    ['active', one.active ? 'yes' : 'no'],
    ['address proven', one.email_verified ? 'yes' : 'no'],
  ]);
