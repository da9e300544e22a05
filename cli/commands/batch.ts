import type { Command } from 'commander';
import { isTerminalBatch } from '../../domain/batch/states.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { findBatch } from '../find-batch.js';
import { itemIdOf } from '../find-item.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { attentionLines } from '../render/attention.js';
import { batchFacts, batchTable, isUnsent, itemTable, suggestNext } from '../render/batch.js';
import { batchActions } from './batch-actions.js';
import { batchCreate } from './batch-create.js';
import { batchWatch } from './batch-watch.js';
import { batchProof } from './proof.js';

type ListOptions = PageOptions & { state?: string };

export const batchCommands = (program: Command, cli: Cli): void => {
  const batch = program.command('batch').description('payout batches: create, show, decide, follow');
  batchCreate(batch, cli);
  batchRead(batch, cli);
  batchProof(batch, cli);
  batchActions(batch, cli);
  batchWatch(batch, cli);
};

/** A list is of one state. */
const oneState = (state: string | undefined): never => {
  if (state?.includes(',')) {
    const each = state.split(',').map((one) => `--state ${one.trim()}`);
    throw new Failure(EXIT.usage, `--state takes one state: ask once with each of ${each.join(', ')}.`);
  }
  return state as never;
};

/** list, show, items. */
const batchRead = (batch: Command, cli: Cli): void => {
  withPage(
    batch.command('list').description('list batches, newest first').option('--state <state>', 'only those in this state, such as executing'),
  ).action(async (options: ListOptions, command: Command) => {
    const { client } = await cli.connect();
    const page = await client.list_payout_batches({ ...pageOf(options), state: oneState(options.state) });
    cli.present(page, () => batchTable(page.data));
    suggestMore(cli, command, page);
  });

  batch
    .command('show')
    .description('show one batch')
    .argument('<batch>', 'its id, or your external id')
    .action(async (name: string) => {
      const { client } = await cli.connect();
      const shown = await client.show_payout_batch({ batch_id: await findBatch(client, name) });
      cli.present(shown, () => [batchFacts(shown), ...attentionLines(shown)].join('\n'));
      suggestNext(cli, shown);
    });

  withPage(
    batch
      .command('items')
      .description('list the payments of a batch')
      .argument('<batch>', 'its id, or your external id')
      .option('--state <state>', 'only those in this state, such as failed'),
  ).action(async (name: string, options: ListOptions, command: Command) => {
    const { client } = await cli.connect();
    const batch_id = await findBatch(client, name);
    const after = options.after === undefined ? {} : { after: itemIdOf(batch_id, options.after) };
    const page = await client.list_payout_items({ batch_id, ...pageOf({ ...options, ...after }), state: oneState(options.state) });
    const ended = !cli.options().json && page.data.some(isUnsent) && isTerminalBatch((await client.show_payout_batch({ batch_id })).state);
    cli.present(page, () => itemTable(page.data, ended));
    suggestMore(cli, command, page);
  });
};
