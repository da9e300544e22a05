import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { z } from 'zod';
import type { Client } from '../../client/client.js';
import { followUpload, uploadCsv } from '../../client/stream.js';
import type { RequestOf, ResponseOf } from '../../client/types.js';
import type { createBatchCsv } from '../../contracts/batches.js';
import { breakable, type Standing } from '../break-off.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { type Batch, batchFacts, suggestNext } from '../render/batch.js';
import { batchBar, rowsLine } from '../render/batch-bar.js';
import { money } from '../render/money.js';

interface CreateOptions {
  format?: 'csv' | 'json';
  currency?: string;
  rail: string;
  externalId?: string;
  description?: string;
  fundingAccount?: string;
  connection?: string;
  draft?: boolean;
  allowDuplicates?: boolean;
  validateOnly?: boolean;
  wait: boolean;
}

export const batchCreate = (batch: Command, cli: Cli): void => {
  batch
    .command('create')
    .description('create a batch from a CSV (one payee a row) or a JSON file; `-` reads standard input')
    .argument('<file>')
    .option('--format <format>', 'csv or json, when the name of the file does not show it')
    .option('--currency <code>', 'currency of a CSV; default: that of your only funding account')
    .option('--rail <name>', 'rail of a CSV', 'sandbox')
    .option('--external-id <id>', 'your own id of the batch, unique in the workspace')
    .option('--description <text>', 'a text for people, up to 280 characters')
    .option('--funding-account <id>', 'account that pays a CSV; default: your only one in its currency')
    .option('--connection <id>', 'rail connection that a CSV is paid over; default: your only one')
    .option('--draft', 'leave it as a draft until `sluice batch submit`')
    .option('--allow-duplicates', 'pay the same payee, amount and reference more than once, or a file or payments of an earlier batch again')
    .option('--validate-only', 'check everything, write nothing')
    .option('--no-wait', 'do not follow a large file until it is taken in')
    .action(async (file: string, options: CreateOptions) => {
      if (file !== '-' && !existsSync(file)) throw new Failure(EXIT.usage, `There is no file ${file}.`);
      const sending: Sending = { isSent: false };
      const { client, made } = await breakable(
        async (signal) => {
          const { client } = await cli.connect();
          const from = formatOf(file, options) === 'csv' ? fromCsv : fromJson;
          return { client, made: await from({ cli, client, signal, sending }, file, options) };
        },
        () => brokenOff(sending),
      );
      const created = options.wait && made.object === 'payout_batch' ? await followed(cli, client, made) : made;
      cli.present(created, () => describe(created));
      if (created.object !== 'payout_batch') return;
      if (created.state === 'refused') throw new Failure(EXIT.failed, created.upload?.refusal?.detail ?? 'The file was refused.');
      suggestNext(cli, created);
    });
};

/** Follows a large file until it is taken in: with a bar on a terminal. It goes on by itself when nobody follows. */
const followed = async (cli: Cli, client: Client, batch: Batch): Promise<Batch> => {
  if (batch.state !== 'receiving') return batch;
  const bar = cli.terminal.watched && !cli.options().json ? batchBar() : null;
  let last = batch;
  const show = (now: Batch): void => {
    last = now;
    bar?.show(now);
  };
  try {
    return await breakable(
      (signal) => {
        cli.note(`${batch.id} is taken in by the server, also when this command ends. Look again with: sluice batch show ${batch.id}`);
        return followUpload(client.transport, batch, show, signal);
      },
      () => ({ message: takenIn(last), hint: `sluice batch watch ${batch.id}` }),
    );
  } finally {
    bar?.stop();
  }
};

/** How far a file is on its way: whether all of it was handed to the network. */
interface Sending {
  isSent: boolean;
}

interface Upload {
  cli: Cli;
  client: Client;
  signal: AbortSignal;
  sending: Sending;
}

/** Without the whole file the server makes no batch. */
const brokenOff = ({ isSent }: Sending): Standing =>
  isSent
    ? { message: 'Broken off before the server answered: it has made a batch if it has the whole file.', hint: 'sluice batch list' }
    : { message: 'Broken off before the whole file was sent: nothing was stored.', hint: 'send the file again' };

/** What the server has of a file whose upload nobody follows any more. */
const takenIn = ({ id, state, upload }: Batch): string =>
  state === 'receiving' && upload
    ? `Broken off; the server has the whole file of ${id} and goes on taking it in: ${rowsLine(upload)}.`
    : `Broken off; the server has taken in ${id}.`;

/** All of standard input. A command that is broken off does not wait for the rest. */
const standardInput = (signal: AbortSignal): Promise<Buffer> => {
  signal.addEventListener('abort', () => process.stdin.destroy(), { once: true });
  return buffer(process.stdin);
};

const formatOf = (file: string, { format }: CreateOptions): 'csv' | 'json' => {
  const chosen = format ?? file.split('.').at(-1)?.toLowerCase();
  if (chosen !== 'csv' && chosen !== 'json') throw new Failure(EXIT.usage, `Give --format csv or --format json: the name ${file} does not show it.`);
  return chosen;
};

const fromCsv = async (
  { cli, client, signal, sending }: Upload,
  file: string,
  options: CreateOptions,
): Promise<ResponseOf<'create_payout_batch'>> => {
  const currency = options.currency ?? (await onlyCurrency(client));
  cli.note(`Paying in ${currency} over ${options.rail}.`);
  const query: z.input<typeof createBatchCsv> = {
    currency,
    rail: options.rail,
    ...(options.externalId ? { external_id: options.externalId } : {}),
    ...(options.description ? { description: options.description } : {}),
    ...(options.fundingAccount ? { funding_account: options.fundingAccount } : {}),
    ...(options.connection ? { connection: options.connection } : {}),
    ...(options.draft ? { draft: 'true' } : {}),
    ...(options.allowDuplicates ? { allow_duplicates: 'true' } : {}),
    ...(options.validateOnly ? { validate_only: 'true' } : {}),
  };
  // Standard input can't be read twice, so its bytes are stored for a retry.
  const stored = file === '-' ? await standardInput(signal) : null;
  const open = () => {
    const bytes = stored ? Readable.from([stored]) : createReadStream(file);
    bytes.once('end', () => {
      sending.isSent = true;
    });
    return Readable.toWeb(bytes) as ReadableStream<Uint8Array>;
  };
  return uploadCsv(client.transport, query, open, { signal });
};

const fromJson = async ({ client, signal, sending }: Upload, file: string, options: CreateOptions): Promise<ResponseOf<'create_payout_batch'>> => {
  const text = file === '-' ? (await standardInput(signal)).toString('utf8') : readFileSync(file, 'utf8');
  let body: RequestOf<'create_payout_batch'>;
  try {
    body = JSON.parse(text) as RequestOf<'create_payout_batch'>;
  } catch (error) {
    throw new Failure(EXIT.usage, `${file} is no valid JSON: ${(error as Error).message}`);
  }
  sending.isSent = true;
  return client.create_payout_batch(
    {
      ...body,
      ...(options.externalId ? { external_id: options.externalId } : {}),
      ...(options.draft ? { draft: true } : {}),
      ...(options.allowDuplicates ? { allow_duplicates: true } : {}),
      ...(options.validateOnly ? { validate_only: 'true' } : {}),
    },
    { signal },
  );
};

const onlyCurrency = async (client: Client): Promise<string> => {
  const { data } = await client.list_accounts({ kind: 'funding' });
  const currencies = [...new Set(data.map((account) => account.currency))];
  if (currencies.length === 1 && currencies[0]) return currencies[0];
  throw new Failure(EXIT.usage, `Give --currency: the workspace has funding accounts in ${currencies.join(', ') || 'no currency'}.`);
};

const describe = (created: ResponseOf<'create_payout_batch'>): string =>
  created.object === 'validation'
    ? `Valid: ${created.item_count} payments, ${money(created.total, created.currency)}. Nothing was written.`
    : batchFacts(created);
