import type { Command } from 'commander';
import type { Client } from '../../client/client.js';
import { streamEvents } from '../../client/stream.js';
import { breakable } from '../break-off.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { findBatch } from '../find-batch.js';
import { type Batch, batchFacts, countsLine, nextStep } from '../render/batch.js';
import { batchBar, batchLines } from '../render/batch-bar.js';

const ENDED_WELL: readonly string[] = ['completed'];
/** In these states the batch waits for a person, so the command suggests what that person has to do. */
const WAITS_FOR_PEOPLE: readonly string[] = ['draft', 'queued', 'approved', 'authorized'];

/** Follows a batch until it is over: with a bar on a terminal, a line per change elsewhere, every event as a JSON line with `--json`. */
export const batchWatch = (batch: Command, cli: Cli): void => {
  batch
    .command('watch')
    .description('follow a batch until it is over; exit code 0 only when it completed')
    .argument('<batch>', 'its id, or your external id')
    .action(async (name: string) => {
      const { client } = await cli.connect();
      const batchId = await findBatch(client, name);
      const found = await client.show_payout_batch({ batch_id: batchId });
      const needed = WAITS_FOR_PEOPLE.includes(found.state) ? nextStep(found, cli) : null;
      if (needed) cli.suggest(needed);
      await followed(cli, client, found);
      const last = await client.show_payout_batch({ batch_id: batchId });
      if (!cli.options().json) cli.terminal.out(batchFacts(last));
      if (!ENDED_WELL.includes(last.state)) throw new Failure(EXIT.failed, `The batch is ${last.state}.`);
      cli.suggest(`sluice batch evidence ${last.id}`);
    });
};

/** Shows what happens to a batch until it is over, or until a person breaks that off. */
const followed = async (cli: Cli, client: Client, found: Batch): Promise<void> => {
  const { json } = cli.options();
  const progress = json ? null : cli.terminal.watched ? batchBar() : batchLines(cli.note);
  let last = found;
  const follow = async (signal: AbortSignal): Promise<void> => {
    for await (const event of streamEvents(client.transport, found.id, signal)) {
      if (json) cli.terminal.out(JSON.stringify({ event: event.name, id: event.id, data: event.data }));
      if (event.name !== 'progress') continue;
      last = event.data as Batch;
      progress?.show(last);
    }
  };
  const standing = () => ({
    message: `Broken off; ${last.id} goes on without this command. It is ${last.state}: ${countsLine(last)}.`,
    hint: `sluice batch watch ${last.id}`,
  });
  try {
    await breakable(follow, standing);
  } finally {
    progress?.stop();
  }
};
