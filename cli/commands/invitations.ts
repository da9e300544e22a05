import type { Command } from 'commander';
import type { Client } from '../../client/client.js';
import { ProblemError } from '../../client/problem-error.js';
import type { ResponseOf } from '../../client/types.js';
import type { Cli } from '../cli.js';
import { anyCodeIn, askOptionalCode, NO_ANY_CODE } from '../code.js';
import { EXIT, Failure } from '../failure.js';
import { askLink, publicClient } from '../link-token.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { ask } from '../prompt.js';
import { facts, table } from '../render/table.js';
import { askNew } from './password.js';

type Invitation = ResponseOf<'create_invitation'>;

/** invite, invitations, accept. */
export const invitationCommands = (program: Command, cli: Cli): void => {
  program
    .command('invite')
    .description('invite somebody by e-mail to work here; the same address again takes the place of its open invitation')
    .argument('<email>', 'where the letter goes')
    .requiredOption('--role <role...>', 'roles that they get, which you may give; `sluice roles list` says what each allows')
    .option('--name <name>', 'what they are called; default: what stands before the @')
    .action(async (email: string, { role, name }: { role: string[]; name?: string }) => {
      const { client } = await cli.connect();
      const invited = await client.create_invitation({ email, name: name ?? (email.split('@')[0] || email), roles: role });
      cli.present(invited, () => invitationFacts(invited));
      cli.suggest('sluice invitations list');
    });

  const invitations = program.command('invitations').description('invitations that are open');
  withPage(invitations.command('list', { isDefault: true }).description('list them, with who invited and until when')).action(
    async (page: PageOptions, command: Command) => {
      const { client } = await cli.connect();
      const listed = await client.list_invitations(pageOf(page));
      cli.present(listed, () =>
        table(
          ['INVITATION', 'E-MAIL', 'NAME', 'ROLES', 'INVITED BY', 'UNTIL'],
          listed.data.map((one) => [one.id, one.email, one.name, one.roles.join(', '), one.invited_by.name, one.expires_at]),
        ),
      );
      suggestMore(cli, command, listed);
    },
  );
  invitations
    .command('revoke')
    .description('withdraw an invitation; its link is void at once')
    .argument('<invitation>', 'its id, or the e-mail address')
    .action(async (named: string) => {
      const { client } = await cli.connect();
      const revoked = await client.revoke_invitation({ invitation_id: await findInvitation(client, named) });
      cli.present(revoked, () => `The invitation of ${revoked.email} is withdrawn.`);
      cli.suggest('sluice invitations list');
    });

  program
    .command('accept')
    .description('accept an invitation (asks for the link of the letter and a password, or reads these lines from standard input)')
    .option('--name <name>', 'what you are called, in place of the name in the invitation')
    .option('--existing', 'your address has an account already: asks for its password, and a code if it has a second factor')
    .action(async ({ name, existing }: { name?: string; existing?: boolean }) => {
      const token = await askLink(cli);
      const password = existing ? await ask(cli.terminal, 'Password of your account', 'secret') : await askNew(cli);
      const code = existing ? await askCodeOfAccount(cli) : null;
      const input = { token, password, ...(name === undefined ? {} : { name }), ...(code === null ? {} : { code }) };
      const accepted = await publicClient(cli).accept_invitation(input).catch(sayExisting);
      cli.present(accepted, () =>
        [
          `You work in ${accepted.workspace.name} (${accepted.workspace.mode}) now, as ${accepted.person.roles.join(', ')}.`,
          accepted.new_account ? `Your account is ${accepted.person.email}.` : `It is part of your account ${accepted.person.email}.`,
        ].join(' '),
      );
      cli.suggest(`sluice login --email ${accepted.person.email} --workspace ${accepted.workspace.id}`);
    });
};

/** An account without a second factor has no code to give. */
const askCodeOfAccount = async (cli: Cli): Promise<string | null> => {
  if (cli.terminal.canAsk) return askOptionalCode(cli, ' of your authenticator, or a recovery code (empty if the account has none)');
  const line = (await cli.terminal.readLine())?.trim() ?? '';
  if (line === '') return null;
  const code = anyCodeIn(line);
  if (code === null) throw new Failure(EXIT.usage, NO_ANY_CODE);
  return code;
};

/** The refusal says that there is an account; the command knows how its password is given. */
const sayExisting = (error: unknown): never => {
  if (error instanceof ProblemError && (error.problem.code === 'invalid_credentials' || error.problem.code === 'account_exists'))
    throw new Failure(EXIT.failed, error.problem.detail, 'sluice accept --existing', error.problem.code);
  throw error;
};

/** The id of an open invitation, from that id itself or its address. */
const findInvitation = async (client: Client, named: string): Promise<string> => {
  if (named.startsWith('invitation_')) return named;
  let after: string | undefined;
  do {
    const { data, next_cursor } = await client.list_invitations({ limit: 200, ...(after === undefined ? {} : { starting_after: after }) });
    const found = data.find(({ email }) => email === named.toLowerCase());
    if (found) return found.id;
    after = next_cursor ?? undefined;
  } while (after !== undefined);
  throw new Failure(EXIT.failed, `No invitation of ${named} is open here.`, 'sluice invitations list', 'not_found');
};

const invitationFacts = (one: Invitation): string =>
  facts([
    ['invitation', one.id],
    ['e-mail', one.email],
    ['name', one.name],
    ['roles', one.roles.join(', ')],
    ['invited by', one.invited_by.name],
    ['until', one.expires_at],
  ]);
