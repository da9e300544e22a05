import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { streamEvents } from '../../client/stream.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { findBatch } from '../find-batch.js';
import { type Batch, batchFacts, countsLine, nextStep } from '../render/batch.js';

const ENDED_WELL: readonly string[] = ['completed'];
/** In these states the batch waits for a person, so the command suggests what that person has to do. */
const WAITS_FOR_PEOPLE: readonly string[] = ['draft', 'queued', 'approved', 'authorized'];

interface Progress {
  show(batch: Batch): void;
  stop(): void;
}

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
      const progress = cli.options().json ? null : cli.terminal.watched ? bar() : lines(cli);
      try {
        for await (const event of streamEvents(client.transport, batchId)) {
          if (cli.options().json) cli.terminal.out(JSON.stringify({ event: event.name, id: event.id, data: event.data }));
          else if (event.name === 'progress') progress?.show(event.data as Batch);
        }
      } finally {
        progress?.stop();
      }
      const last = await client.show_payout_batch({ batch_id: batchId });
      if (!cli.options().json) cli.terminal.out(batchFacts(last));
      if (!ENDED_WELL.includes(last.state)) throw new Failure(EXIT.failed, `The batch is ${last.state}.`);
      cli.suggest(`sluice batch evidence ${last.id}`);
    });
};

const bar = (): Progress => {
  const shown = new SingleBar({ format: '{bar} {value}/{total} settled · {state} · {counts}', stream: process.stderr, hideCursor: true });
  let started = false;
  return {
    show: (batch) => {
      const settled = batch.item_count - batch.counts.open;
      if (!started) shown.start(batch.item_count, settled, { state: batch.state, counts: countsLine(batch) });
      started = true;
      shown.setTotal(batch.item_count);
      shown.update(settled, { state: batch.state, counts: countsLine(batch) });
    },
    stop: () => {
      if (started) shown.stop();
    },
  };
};

const lines = (cli: Cli): Progress => {
  let last = '';
  return {
    show: (batch) => {
      const line = `${batch.state}: ${countsLine(batch)}`;
      if (line !== last) cli.note(line);
      last = line;
    },
    stop: () => {},
  };
};
