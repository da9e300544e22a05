import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { findBatch } from '../find-batch.js';
import { batchFacts, batchTable, itemTable, suggestNext } from '../render/batch.js';
import { batchActions } from './batch-actions.js';
import { batchCreate } from './batch-create.js';
import { batchWatch } from './batch-watch.js';
import { batchProof } from './proof.js';

interface PageOptions {
  state?: string;
  limit: string;
  after?: string;
}

export const batchCommands = (program: Command, cli: Cli): void => {
  const batch = program.command('batch').description('payout batches: create, show, decide, follow');
  batchCreate(batch, cli);
  batchRead(batch, cli);
  batchProof(batch, cli);
  batchActions(batch, cli);
  batchWatch(batch, cli);
};

/** list, show, items. */
const batchRead = (batch: Command, cli: Cli): void => {
  withPage(
    batch.command('list').description('list batches, newest first').option('--state <state>', 'only those in this state, such as executing'),
  ).action(async (options: PageOptions) => {
    const { client } = await cli.connect();
    const page = await client.list_payout_batches({ ...pageOf(options), state: options.state as never });
    cli.present(page, () => batchTable(page.data));
    if (page.has_more) cli.suggest(`sluice batch list --after ${page.next_cursor}`);
  });

  batch
    .command('show')
    .description('show one batch')
    .argument('<batch>', 'its id, or your external id')
    .action(async (name: string) => {
      const { client } = await cli.connect();
      const shown = await client.show_payout_batch({ batch_id: await findBatch(client, name) });
      cli.present(shown, () => batchFacts(shown));
      suggestNext(cli, shown);
    });

  withPage(
    batch
      .command('items')
      .description('list the payments of a batch')
      .argument('<batch>')
      .option('--state <state>', 'only those in this state, such as failed'),
  ).action(async (name: string, options: PageOptions) => {
    const { client } = await cli.connect();
    const page = await client.list_payout_items({ batch_id: await findBatch(client, name), ...pageOf(options), state: options.state as never });
    cli.present(page, () => itemTable(page.data));
    if (page.has_more) cli.suggest(`sluice batch items ${name} --after ${page.next_cursor}`);
  });
};

const withPage = (command: Command): Command =>
  command.option('--limit <count>', 'at most 200', '50').option('--after <id>', 'go on after this id, the last of the page before');

const pageOf = ({ limit, after }: PageOptions) => ({ limit, starting_after: after });
