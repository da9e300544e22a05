import type { Command } from 'commander';
import type { RequestOf } from '../../client/types.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { findBatch } from '../find-batch.js';
import { findPerson, PERSON } from '../find-person.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { itemsOfProposal, proposedItems, refuseOtherItems } from '../proposed-items.js';
import { type NamedItem, referencesIn } from '../references.js';
import {
  confirmationSummary,
  exceptionItemTable,
  exceptionTable,
  exceptionText,
  type FullException,
  proposalFacts,
  proposalItemTable,
  proposalPreview,
  shownItems,
} from '../render/exception.js';
import { forWhoMay } from '../who-may.js';
import { withCode } from '../with-code.js';

export const exceptionCommands = (program: Command, cli: Cli): void => {
  const exceptions = program.command('exceptions').description('what people have to look at: list, show, care for, end');
  reading(exceptions, cli);
  caring(exceptions, cli);
  ending(exceptions, cli);
};

type ListOptions = PageOptions & { all?: boolean; kind?: string; batch?: string; owner?: string };

/** list, show, items. */
const reading = (exceptions: Command, cli: Cli): void => {
  withPage(
    exceptions
      .command('list')
      .description('list the open ones, newest first')
      .option('--all', 'resolved ones too')
      .option('--kind <kind>', 'only this kind, such as unknown_key_expired')
      .option('--batch <batch>', 'only those of one batch')
      .option('--owner <person>', `only those of one person: ${PERSON}`),
  ).action(async ({ all, kind, batch, owner, ...page }: ListOptions, command: Command) => {
    const { client } = await cli.connect();
    const listed = await client.list_exceptions({
      ...pageOf(page),
      state: all ? undefined : 'open',
      kind: kind as never,
      batch_id: batch === undefined ? undefined : await findBatch(client, batch),
      owner_id: owner === undefined ? undefined : await findPerson(client, owner),
    });
    cli.present(listed, () => exceptionTable(listed.data));
    suggestMore(cli, command, listed);
  });

  exceptions
    .command('show')
    .description('show one: what is known, what the rail says, and what to do next')
    .argument('<exception>')
    .action(async (id: string) => {
      const { client } = await cli.connect();
      const shown = await client.show_exception({ exception_id: id });
      cli.present(shown, () => exceptionText(shown));
      const [first, ...others] = waysOn(cli, shown);
      if (first) cli.suggest(first, ...others);
    });

  withPage(
    exceptions.command('items').description('list the items of one').argument('<exception>').option('--open', 'only those that nobody has settled'),
  ).action(async (id: string, { open, ...page }: PageOptions & { open?: boolean }, command: Command) => {
    const { client } = await cli.connect();
    const items = await client.list_exception_items({ exception_id: id, ...pageOf(page), state: open ? 'open' : undefined });
    cli.present(items, () => exceptionItemTable(items.data));
    suggestMore(cli, command, items);
  });
};

/** What a person may do about one: confirm what is proposed, else each choice that its kind has. What settles nothing comes first. */
const waysOn = (cli: Cli, { id, state, choices, proposals }: FullException): string[] => {
  const waiting = proposals.filter((one) => one.state === 'proposed');
  if (state !== 'open' || waiting.length > 0) return waiting.map((one) => confirmStep(cli, one.id));
  return [...choices]
    .sort((one, other) => one.people - other.people)
    .map(({ choice, people }) => {
      const references = choice === PAID ? ' --references FILE' : '';
      const second = people > 1 ? 'a second person confirms it' : '';
      return forWhoMay(`exceptions resolve ${id} --choice ${choice}${references} --reason TEXT`, 'propose_resolution', cli, second, 'executor');
    });
};

/** The one choice that needs the provider's reference of each item. */
const PAID = 'provider_paid';

/** How a second person confirms. Beside the demo stack it names one who may. */
const confirmStep = (cli: Cli, proposal: string): string => {
  const role = cli.as === 'authorizer' ? 'approver' : 'authorizer';
  const note = cli.besideStack ? `not who proposed it; asks for a code: npx sluice dev code ${role}` : 'a second person, with a code';
  return forWhoMay(`exceptions confirm ${proposal}`, 'confirm_proposal', cli, note, role);
};

/** assign, comment. */
const caring = (exceptions: Command, cli: Cli): void => {
  exceptions
    .command('assign')
    .description('give one to a person, or to nobody')
    .argument('<exception>')
    .argument('[person]', `${PERSON}; leave it out for nobody`)
    .action(async (id: string, person: string | undefined) => {
      const { client } = await cli.connect();
      const assigned = await client.assign_exception({ exception_id: id, owner_id: person === undefined ? null : await findPerson(client, person) });
      cli.present(assigned, () => exceptionTable([assigned]));
    });

  exceptions
    .command('comment')
    .description('write down what you found out')
    .argument('<exception>')
    .argument('<text>')
    .action(async (id: string, body: string) => {
      const { client } = await cli.connect();
      const made = await client.comment_exception({ exception_id: id, body });
      cli.present(made, () => `Written as ${made.id}.`);
    });
};

interface ResolveOptions {
  choice: string;
  reason: string;
  items?: string[];
  references?: string;
}

/** resolve, confirm, withdraw, proposal-items. */
const ending = (exceptions: Command, cli: Cli): void => {
  exceptions
    .command('resolve')
    .description('propose how one ends; what moves money waits for a second person')
    .argument('<exception>')
    .requiredOption(
      '--choice <choice>',
      'provider_paid, provider_never_got, keep_asking, content_restored, made_good or looked_into; show says which fit',
    )
    .requiredOption('--reason <text>', 'why, for the second person and the audit log')
    .option('--items <items...>', "only these items, by number (12 or '#12') or id")
    .option('--references <file>', 'CSV with item,reference in each line, for provider_paid; an item by number or id')
    .action(async (id: string, options: ResolveOptions) => {
      if (options.choice === PAID && options.references === undefined)
        throw new Failure(
          EXIT.usage,
          `Give --references: a file with item,reference in each line, the reference that the provider gave the payment.`,
          `sluice exceptions items ${id} --open`,
        );
      const inFile = options.references === undefined ? undefined : referencesIn(options.references);
      const inFlag = options.items?.map((name): NamedItem => ({ name, place: '--items' }));
      const { client } = await cli.connect();
      const exception = await client.show_exception({ exception_id: id });
      if (inFile && inFlag) refuseOtherItems(exception.batch_id, inFile, inFlag);
      const { items, shown } = await proposedItems(client, exception, inFile ?? inFlag);
      cli.nameEntries(
        'items',
        (inFile ?? inFlag ?? []).map(({ place, name }) => `${place}, item ${name}`),
      );
      if (shown.length > 0) cli.note(proposalPreview(options.choice, shown));
      const made = await client.propose_resolution({
        exception_id: id,
        choice: options.choice as RequestOf<'propose_resolution'>['choice'],
        reason: options.reason,
        items,
      });
      const about = cli.options().json ? [] : await itemsOfProposal(client, made);
      cli.present(made, () => [proposalFacts(made), ...(about.length > 0 ? ['', ...shownItems(about)] : [])].join('\n'));
      if (made.state === 'proposed') cli.suggest(confirmStep(cli, made.id));
    });

  exceptions
    .command('confirm')
    .description('confirm a proposal as the second person, with a code')
    .argument('<proposal>')
    .action(async (id: string) => {
      const { client } = await cli.connect();
      const challenge = await client.ask_proposal_challenge({ proposal_id: id });
      cli.note(confirmationSummary(challenge));
      const confirmed = await withCode(cli, 'confirm', (code, idempotencyKey) =>
        client.confirm_proposal({ proposal_id: id, challenge_id: challenge.id, code }, { idempotencyKey }),
      );
      cli.present(confirmed, () => proposalFacts(confirmed));
      cli.suggest(`sluice exceptions show ${confirmed.exception_id}`);
    });

  exceptions
    .command('withdraw')
    .description('take a proposal back, or turn it down')
    .argument('<proposal>')
    .requiredOption('--reason <text>', 'why, for the audit log')
    .action(async (id: string, { reason }: { reason: string }) => {
      const { client } = await cli.connect();
      const withdrawn = await client.withdraw_proposal({ proposal_id: id, reason });
      cli.present(withdrawn, () => proposalFacts(withdrawn));
    });

  withPage(exceptions.command('proposal-items').description('list the items of a proposal, each with its reference').argument('<proposal>')).action(
    async (id: string, page: PageOptions, command: Command) => {
      const { client } = await cli.connect();
      const items = await client.list_proposal_items({ proposal_id: id, ...pageOf(page) });
      cli.present(items, () => proposalItemTable(items.data));
      suggestMore(cli, command, items);
    },
  );
};
