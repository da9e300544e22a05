import type { Command } from 'commander';
import type { Client } from '../../client/client.js';
import { streamEvents } from '../../client/stream.js';
import { breakable } from '../break-off.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { findBatch } from '../find-batch.js';
import { type Batch, batchFacts, countsLine, isPaused, nextStep, resumeStep, stateLine, suggestNext } from '../render/batch.js';
import { batchBar, batchLines } from '../render/batch-bar.js';
import { json as toJson } from '../render/json.js';
import { type Pause, pauseAfter, pauseText } from '../render/pause.js';

const ENDED_WELL: readonly string[] = ['completed'];
/** How long a paused batch is followed for the event that says who paused it. */
const PAUSE_EVENT_MS = 5_000;
/** In these states the batch waits for a person, so the command suggests what that person has to do. */
const WAITS_FOR_PEOPLE: readonly string[] = ['draft', 'queued', 'approved', 'authorized'];

/** Follows a batch until it is over: with a bar on a terminal, a line per change elsewhere, every event as a JSON line with `--json`. */
export const batchWatch = (batch: Command, cli: Cli): void => {
  batch
    .command('watch')
    .description('follow a batch until it is over or paused; exit code 0 only when it completed')
    .argument('<batch>', 'its id, or your external id')
    .addHelpText(
      'after',
      '\nA paused batch goes on only when somebody resumes it, so the command then says who paused it and since when, and ends with exit code 1.\n' +
        'Ctrl-C ends the command (exit code 130); the batch goes on.',
    )
    .action(async (name: string) => {
      const { client } = await cli.connect();
      const batchId = await findBatch(client, name);
      const found = await client.show_payout_batch({ batch_id: batchId });
      const needed = WAITS_FOR_PEOPLE.includes(found.state) ? nextStep(found, cli) : null;
      if (needed) cli.suggest(needed);
      const pause = await followed(cli, client, found);
      const last = await client.show_payout_batch({ batch_id: batchId });
      if (!cli.options().json) cli.terminal.out(batchFacts(last));
      if (isPaused(last)) throw new Failure(EXIT.failed, pauseText(pause, last.reason), `${resumeStep(last, cli)}   (then watch it again)`);
      if (!ENDED_WELL.includes(last.state)) throw new Failure(EXIT.failed, `The batch is ${last.state}.`, nextStep(last, cli));
      suggestNext(cli, last);
    });
};

/** Shows what happens to a batch until it is over, paused, or a person breaks that off. Answers who paused it, as far as the log says it by now. */
const followed = async (cli: Cli, client: Client, found: Batch): Promise<Pause | null> => {
  const { json } = cli.options();
  const progress = json ? null : cli.terminal.watched ? batchBar() : batchLines(cli.note);
  let last = found;
  let pause: Pause | null = null;
  const follow = async (broken: AbortSignal): Promise<void> => {
    const enough = new AbortController();
    const signal = AbortSignal.any([broken, enough.signal]);
    let patience: NodeJS.Timeout | null = null;
    // The stream begins with the events of the past, and only then says how the batch stands now.
    let isPresent = false;
    for await (const event of streamEvents(client.transport, found.id, signal)) {
      if (json) cli.terminal.out(toJson({ event: event.name, id: event.id, data: event.data }));
      if (event.name === 'audit') pause = pauseAfter(pause, event.data);
      if (event.name === 'progress') {
        isPresent = true;
        last = event.data as Batch;
        progress?.show(last);
      }
      if (!isPresent) continue;
      // The event that says who paused it may come a moment later than the pause itself.
      if (!isPaused(last)) {
        if (patience) clearTimeout(patience);
        patience = null;
      } else if (pause) enough.abort();
      else patience ??= setTimeout(() => enough.abort(), PAUSE_EVENT_MS);
    }
    if (patience) clearTimeout(patience);
  };
  const standing = () => ({
    message: `Broken off; ${last.id} goes on without this command. It is ${stateLine(last)}: ${countsLine(last)}.`,
    hint: `sluice batch watch ${last.id}`,
  });
  try {
    await breakable(follow, standing);
    return pause;
  } finally {
    progress?.stop();
  }
};
