import type { Command } from 'commander';
import type { RequestOf, ResponseOf } from '../../client/types.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { facts, table } from '../render/table.js';

type Role = ResponseOf<'define_role'>;
type Permissions = RequestOf<'define_role'>['permissions'];

const PERMISSIONS = 'such as batches.read exceptions.read; docs/permissions.md has them all';

export const roleCommands = (program: Command, cli: Cli): void => {
  const roles = program.command('roles').description('what each role may do, and roles of this workspace');

  roles
    .command('list')
    .description('list the roles')
    .action(async () => {
      const { client } = await cli.connect();
      const listed = await client.list_roles({});
      cli.present(listed, () =>
        table(
          ['ROLE', 'DEFINED BY', 'MEMBERS', 'FOR'],
          listed.data.map((one) => [one.name, one.defined_by, String(one.members), one.meaning ?? one.permissions.join(' ')]),
        ),
      );
      cli.suggest('sluice roles show approver');
    });

  roles
    .command('show')
    .description('show one role and what it allows')
    .argument('<role>')
    .action(async (name: string) => {
      const { client } = await cli.connect();
      const found = (await client.list_roles({})).data.find((one) => one.name === name);
      if (!found) throw new Failure(EXIT.failed, `This workspace has no role ${name}.`, 'sluice roles list', 'not_found');
      cli.present(found, () => roleFacts(found));
    });

  roles
    .command('define')
    .description('define a role of this workspace, out of permissions that you hold')
    .argument('<role>', 'its name')
    .argument('<permissions...>', PERMISSIONS)
    .action(async (name: string, permissions: string[]) => {
      const { client } = await cli.connect();
      const made = await client.define_role({ name, permissions: permissions as Permissions });
      cli.present(made, () => roleFacts(made));
      cli.suggest(`sluice people set-roles <person> ${made.name}`);
    });

  roles
    .command('edit')
    .description('change what a role of this workspace allows, for everybody who has it')
    .argument('<role>', 'its name')
    .argument('<permissions...>', `all that it is to allow: ${PERMISSIONS}`)
    .action(async (name: string, permissions: string[]) => {
      const { client } = await cli.connect();
      const changed = await client.edit_role({ role: name, permissions: permissions as Permissions });
      cli.present(changed, () => roleFacts(changed));
    });

  roles
    .command('delete')
    .description('delete a role that nobody has')
    .argument('<role>', 'its name')
    .action(async (name: string) => {
      const { client } = await cli.connect();
      const gone = await client.delete_role({ role: name });
      cli.present(gone, () => `The role ${gone.name} is deleted.`);
    });
};

const roleFacts = (one: Role): string =>
  facts([
    ['role', one.name],
    ['defined by', one.defined_by],
    ['for', one.meaning],
    ['members', String(one.members)],
    ['row version', one.row_version === null ? null : String(one.row_version)],
    ['allows', one.permissions.join(' ')],
  ]);
