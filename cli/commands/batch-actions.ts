import type { Command } from 'commander';
import type { Client } from '../../client/client.js';
import { streamEvents } from '../../client/stream.js';
import type { Cli } from '../cli.js';
import { findBatch } from '../find-batch.js';
import { itemIdOf } from '../find-item.js';
import { openByPasskey } from '../open-by-passkey.js';
import { type Gate, openGate } from '../open-gate.js';
import { type Batch, batchFacts, sentLine, suggestNext } from '../render/batch.js';
import { cancelAfter, type Pause, pauseAfter } from '../render/pause.js';

const GATES: readonly { gate: Gate; description: string }[] = [
  { gate: 'approve', description: 'open the first gate, with a code or a passkey' },
  { gate: 'authorize', description: 'open the second gate, with a code or a passkey; reserves the money' },
  { gate: 'execute', description: 'open the third gate, with a code or a passkey; then payments are sent' },
];

type Run = (client: Client, batchId: string, reason: string | undefined) => Promise<Batch>;

/** Actions without a second factor. `needed`: the reason has to be given. */
const ACTIONS: readonly { name: string; description: string; reason: 'none' | 'optional' | 'needed'; run: Run }[] = [
  {
    name: 'submit',
    description: 'submit a draft: from then on it waits for its gates',
    reason: 'none',
    run: (client, batch_id) => client.submit_payout_batch({ batch_id }),
  },
  {
    name: 'reject',
    description: 'refuse a batch before it is executed',
    reason: 'needed',
    run: (client, batch_id, reason = '') => client.reject_payout_batch({ batch_id, reason }),
  },
  {
    name: 'cancel',
    description: 'stop what has not been sent, for good; shows how much was already sent',
    reason: 'optional',
    run: (client, batch_id, reason) => client.cancel_payout_batch({ batch_id, reason }),
  },
  {
    name: 'pause',
    description: 'stop sending until the batch is resumed; shows how much was already sent',
    reason: 'optional',
    run: (client, batch_id, reason) => client.pause_payout_batch({ batch_id, reason }),
  },
  { name: 'resume', description: 'go on sending', reason: 'none', run: (client, batch_id) => client.resume_payout_batch({ batch_id }) },
];

/** Opening a gate, and every other action on a batch. */
export const batchActions = (batch: Command, cli: Cli): void => {
  const show = (changed: Batch): void => {
    cli.present(changed, () => describe(changed));
    suggestNext(cli, changed);
  };

  batch
    .command('edit')
    .description('leave items out; the gates that were open close again')
    .argument('<batch>', 'its id, or your external id')
    .requiredOption('--exclude <items...>', 'the items to leave out: their numbers, such as 12, or their ids')
    .action(async (name: string, { exclude }: { exclude: string[] }) => {
      const { client } = await cli.connect();
      const batch_id = await findBatch(client, name);
      cli.nameEntries(
        'exclude',
        exclude.map((item) => `--exclude ${item}`),
      );
      show(await client.edit_payout_batch({ batch_id, exclude: exclude.map((item) => itemIdOf(batch_id, item)) }));
    });

  for (const { gate, description } of GATES) {
    batch
      .command(gate)
      .description(description)
      .argument('<batch>', 'its id, or your external id')
      .option('--passkey', 'open it in a browser: prints the page that asks for your passkey, and waits until the gate is open')
      .action(async (name: string, { passkey }: { passkey?: true }) => {
        const connection = await cli.connect();
        const batchId = await findBatch(connection.client, name);
        show(await (passkey ? openByPasskey(cli, connection, batchId, gate) : openGate(cli, connection.client, batchId, gate)));
      });
  }

  for (const { name: action, description, reason, run } of ACTIONS) {
    const command = batch.command(action).description(description).argument('<batch>', 'its id, or your external id');
    if (reason === 'needed') command.requiredOption('--reason <text>', 'why, for the audit log');
    if (reason === 'optional') command.option('--reason <text>', 'why, for the audit log');
    command.action(async (name: string, options: { reason?: string }) => {
      const { client } = await cli.connect();
      const changed = await run(client, await findBatch(client, name), options.reason);
      show(changed);
      if (action === 'reject')
        cli.note('Nothing of it is paid. Names and accounts that its file brought stay with their payees: `sluice payee show REFERENCE` shows one.');
      if (options.reason !== undefined && changed.reason !== options.reason) cli.note(await notStored(client, changed.id, action));
    });
  }
};

/** Done already, by somebody else perhaps: then the first reason stays. */
const notStored = async (client: Client, batchId: string, action: string): Promise<string> => {
  const isPause = action === 'pause';
  const first = await firstDone(client, batchId, isPause ? pauseAfter : cancelAfter).catch(() => null);
  const since = first ? `, since ${first.at} by ${first.by}` : '';
  return `The batch was ${isPause ? 'paused' : 'cancelled'} already${since}; your reason was not stored.`;
};

/** What the audit log says by now of who did it first. */
const firstDone = async (client: Client, batchId: string, after: typeof pauseAfter): Promise<Pause | null> => {
  const enough = new AbortController();
  const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(LOG_MS)]);
  let first: Pause | null = null;
  // The stream begins with the events of the past, and then says how the batch stands now.
  for await (const event of streamEvents(client.transport, batchId, signal)) {
    if (event.name === 'audit') first = after(first, event.data);
    if (event.name === 'progress') enough.abort();
  }
  return first;
};
const LOG_MS = 5_000;

const describe = (batch: Batch): string => [batchFacts(batch), sentLine(batch)].filter((part) => part !== '').join('\n');
