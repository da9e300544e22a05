import type { Command } from 'commander';
import type { z } from 'zod';
import type { Client } from '../../client/client.js';
import { followUpload, uploadCsv } from '../../client/stream.js';
import type { CallOptions, RequestOf, ResponseOf } from '../../client/types.js';
import type { createBatchCsv } from '../../contracts/batches.js';
import type { Json } from '../../domain/hashing.js';
import { repeatedMember } from '../../domain/json-members.js';
import { breakable, type Standing } from '../break-off.js';
import type { Cli } from '../cli.js';
import { createOnce } from '../create-once.js';
import { EXIT, Failure } from '../failure.js';
import { hasCsvHeader, otherKind, startOf } from '../file-kind.js';
import { readText, textOf } from '../files.js';
import { findAccount, fundingAccounts } from '../find-account.js';
import { quoted } from '../quoted.js';
import { type Batch, batchFacts, suggestNext } from '../render/batch.js';
import { batchBar, rowsLine } from '../render/batch-bar.js';
import { counted } from '../render/counted.js';
import { money } from '../render/money.js';
import { readOnce, uploadFile } from '../upload-file.js';

interface CreateOptions {
  format?: string;
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
    .option('--funding-account <account>', 'account that pays a CSV, its id or its name; default: your first one in its currency')
    .option('--connection <id>', 'rail connection that a CSV is paid over; default: your only one')
    .option('--draft', 'leave it as a draft until `sluice batch submit`')
    .option('--allow-duplicates', 'pay the same payee, amount and reference more than once, or a file or payments of an earlier batch again')
    .option('--validate-only', 'check everything, write nothing')
    .option('--no-wait', 'do not follow a large file until it is taken in')
    .addHelpText(
      'after',
      '\nThe same file with the same options makes no second batch: it answers the batch that was made. For one more, add --allow-duplicates,\n' +
        'or --idempotency-key with a text of your own.',
    )
    .action(async (file: string, options: CreateOptions, command: Command) => {
      const format = formatOf(file, options);
      if (format === 'json') refuseFlagsOfCsv(command);
      cli.fields = format === 'json' ? 'members' : 'flags';
      const sending: Sending = { isSent: false, externalId: options.externalId };
      const { client, made, isRepeat } = await breakable(
        (signal) => (format === 'csv' ? fromCsv : fromJson)({ cli, signal, sending }, file, options),
        () => brokenOff(sending, options),
      );
      if (isRepeat)
        cli.note('This was sent before with the same options: no second batch was made. `sluice batch create --help` says how to pay it again.');
      const created = options.wait && made.object === 'payout_batch' ? await followed(cli, client, made) : made;
      cli.present(created, () => describe(created));
      if (created.object !== 'payout_batch') return;
      if (created.state === 'refused') throw new Failure(EXIT.failed, created.upload?.refusal?.detail ?? 'The file was refused.');
      suggestNext(cli, created);
    });
};

/** The flags that a JSON file says itself: they would be passed over in silence. */
const OF_A_CSV: readonly (keyof CreateOptions)[] = ['currency', 'rail', 'description', 'fundingAccount', 'connection'];

const refuseFlagsOfCsv = (command: Command): void => {
  const given = command.options.filter((option) => {
    const name = option.attributeName();
    return (OF_A_CSV as readonly string[]).includes(name) && command.getOptionValueSource(name) === 'cli';
  });
  if (given.length === 0) return;
  const flags = given.map(({ long }) => long).join(', ');
  throw new Failure(EXIT.usage, `${flags}: only for a CSV. A JSON file says this itself.`, 'sluice batch create --help');
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
  externalId: string | undefined;
}

interface Upload {
  cli: Cli;
  signal: AbortSignal;
  sending: Sending;
}

interface Sent {
  client: Client;
  made: ResponseOf<'create_payout_batch'>;
  /** It is the batch of an earlier run of this command. */
  isRepeat: boolean;
}

/** Without the whole file the server makes no batch. */
const brokenOff = ({ isSent, externalId }: Sending, { validateOnly }: CreateOptions): Standing => {
  if (!isSent || validateOnly) return { message: 'Broken off before the whole file was sent: nothing was stored.', hint: 'send the file again' };
  return {
    message: 'Broken off before the server answered: the batch may have been made. The same command again finds it, and makes no second one.',
    hint: externalId === undefined ? 'sluice batch list' : `sluice batch show ${quoted(externalId)}`,
  };
};

/** What the server has of a file whose upload nobody follows any more. */
const takenIn = ({ id, state, upload }: Batch): string =>
  state === 'receiving' && upload
    ? `Broken off; the server has the whole file of ${id} and goes on taking it in: ${rowsLine(upload)}.`
    : `Broken off; the server has taken in ${id}.`;

/** The format that was chosen, else the one that name and first bytes of the file show. */
const formatOf = (file: string, { format }: CreateOptions): 'csv' | 'json' => {
  const start = startOf(file);
  const other = start && otherKind(start);
  if (other) throw new Failure(EXIT.usage, `${file} ${other}.`);
  if (format === 'csv' || format === 'json') return format;
  if (format !== undefined) throw new Failure(EXIT.usage, `--format takes csv or json, and not ${format}.`);
  const ending = file.split('.').at(-1)?.toLowerCase();
  if (ending === 'csv' || ending === 'json') return ending;
  if (ending === 'tsv' || (ending === 'txt' && start && hasCsvHeader(start))) return 'csv';
  throw new Failure(EXIT.usage, `Give --format csv or --format json: the name ${file} does not show it.`);
};

const fromCsv = async ({ cli, signal, sending }: Upload, path: string, options: CreateOptions): Promise<Sent> => {
  // What is wrong with a file is said before anybody signs in; standard input may take its time.
  const read = path === '-' ? null : await uploadFile(path, signal);
  const { client } = await cli.connect();
  const currency = options.currency ?? (await onlyCurrency(client));
  cli.note(`Paying in ${currency} over ${options.rail}.`);
  const file = read ?? (await uploadFile(path, signal));
  const query: z.input<typeof createBatchCsv> = {
    currency,
    rail: options.rail,
    ...(options.externalId ? { external_id: options.externalId } : {}),
    ...(options.description ? { description: options.description } : {}),
    ...(options.fundingAccount ? { funding_account: (await findAccount(client, options.fundingAccount, currency)).id } : {}),
    ...(options.connection ? { connection: options.connection } : {}),
    ...(options.draft ? { draft: 'true' } : {}),
    ...(options.allowDuplicates ? { allow_duplicates: 'true' } : {}),
    ...(options.validateOnly ? { validate_only: 'true' } : {}),
  };
  const open = () =>
    file.open(() => {
      sending.isSent = true;
    });
  return sent(cli, client, options, { sha256: file.sha256, query: query as Json }, (call) =>
    uploadCsv(client.transport, query, open, { ...call, signal, sha256: Buffer.from(file.sha256, 'hex') }),
  );
};

const fromJson = async ({ cli, signal, sending }: Upload, path: string, options: CreateOptions): Promise<Sent> => {
  const read = path === '-' ? null : readText(path);
  const { client } = await cli.connect();
  const text = read ?? textOf(await readOnce(path, signal), 'Standard input');
  const body = {
    ...parsed(text, path),
    ...(options.externalId ? { external_id: options.externalId } : {}),
    ...(options.draft ? { draft: true } : {}),
    ...(options.allowDuplicates ? { allow_duplicates: true } : {}),
    ...(options.validateOnly ? { validate_only: 'true' as const } : {}),
  };
  sending.externalId = body.external_id;
  sending.isSent = true;
  return sent(cli, client, options, { body: body as Json }, (call) => client.create_payout_batch(body, { ...call, signal }));
};

const parsed = (text: string, path: string): RequestOf<'create_payout_batch'> => {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new Failure(EXIT.usage, `${path} is no valid JSON: ${(error as Error).message}`);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Failure(EXIT.usage, `${path} holds ${Array.isArray(body) ? 'a list' : 'a single value'}; a batch is one object.`);
  const repeated = repeatedMember(text);
  if (repeated === null) return body as RequestOf<'create_payout_batch'>;
  throw new Failure(EXIT.usage, `${path} has a member twice in one object, the second time at character ${repeated + 1}. Keep one.`);
};

/** Sends it under the key that was given, else under one that follows from it. A check makes nothing that a repeat could find. */
const sent = async (
  cli: Cli,
  client: Client,
  { validateOnly }: CreateOptions,
  request: Json,
  send: (call: Pick<CallOptions, 'idempotencyKey' | 'onReplay'>) => Promise<ResponseOf<'create_payout_batch'>>,
): Promise<Sent> => {
  if (validateOnly || cli.options().idempotencyKey !== undefined) return { client, made: await send({}), isRepeat: false };
  return { client, ...(await createOnce(client, request, send)) };
};

const onlyCurrency = async (client: Client): Promise<string> => {
  const currencies = [...new Set((await fundingAccounts(client)).map((account) => account.currency))];
  if (currencies.length === 1 && currencies[0]) return currencies[0];
  throw new Failure(EXIT.usage, `Give --currency: the workspace has funding accounts in ${currencies.join(', ') || 'no currency'}.`);
};

const describe = (created: ResponseOf<'create_payout_batch'>): string =>
  created.object === 'validation'
    ? `Valid: ${counted(created.item_count, 'payment')}, ${money(created.total, created.currency)}. Nothing was written.`
    : batchFacts(created);
