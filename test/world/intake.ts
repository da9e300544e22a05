import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { createBatch, createBatchCsv } from '../../contracts/batches.js';
import type { Context } from '../../operations/context.js';
import { receiveCsv } from '../../operations/intake/receive-csv.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import { listPayoutItems, type WireItem } from '../../operations/payout-batch/list-items.js';
import type { Rail, RailCapabilities } from '../../operations/rail.js';
import { openWorld, type World } from './open.js';
import { iban } from './payees.js';
import { made, must, uuidOf } from './wire.js';

/** Creates batches as the API does, on a rail whose chunks are so small that few items fill several. */

export const CAPABILITIES: RailCapabilities = {
  chunkSize: 4,
  unit: 'item',
  currencies: ['EUR', 'JPY'],
  destinations: ['iban', 'account_token'],
  reference: { maxLength: 20, characters: /^[A-Za-z0-9 -]+$/, describe: 'letters, digits, spaces and hyphens' },
  keyTtlMs: 86_400_000,
  acceptanceWindowMs: 1_000,
  timeoutMs: 1_000,
  settlementMs: 1_000,
  overdueMs: 60_000,
};

const unused = (): never => {
  throw new Error('creating a batch calls no rail');
};

const rail: Rail = {
  name: 'sandbox',
  capabilities: () => CAPABILITIES,
  prepare: unused,
  send: unused,
  lookup: unused,
  listSince: unused,
  verifyInbound: unused,
  parseEvidence: unused,
};

/** A world whose rail has these small chunks, with somebody who prepares batches. */
export const openIntakeWorld = async () => {
  const world = await openWorld({ rails: new Map([['sandbox', rail]]) });
  return { ...world, preparer: await world.person('preparer') };
};

export type IntakeWorld = Awaited<ReturnType<typeof openIntakeWorld>>;

/** Tests of one workspace pay the same people the same again and again, so repeats are allowed unless a test forbids them. */
const TERMS = { currency: 'EUR', rail: 'sandbox' } as const;

export const create = (ctx: Context, body: Record<string, unknown>, intent: 'create' | 'validate only' = 'create') =>
  createPayoutBatch(ctx, { ...createBatch.parse({ ...TERMS, allow_duplicates: true, ...body }), validate_only: intent === 'validate only' });

type Query = Partial<z.input<typeof createBatchCsv>>;

export const upload = (ctx: Context, text: string | Uint8Array, query: Query = {}) => uploadFile(ctx, spooled(text), query);

/** However slow the machine is, the file is taken in within its request. */
export const uploadFile = (ctx: Context, file: Parameters<typeof receiveCsv>[2], query: Query = {}) =>
  receiveCsv(ctx, createBatchCsv.parse({ ...TERMS, allow_duplicates: 'true', ...query }), file, { patienceMs: Number.POSITIVE_INFINITY });

export const CSV_HEADER = 'payee_reference,payee_name,country,iban,amount,reference';
export const csvRow = (i: number, amount = '12.50', reference = `INV ${i}`) => `p-${i},Payee ${i},DE,${iban(i)},${amount},${reference}`;
export const csvFile = (...rows: string[]) => [CSV_HEADER, ...rows, ''].join('\n');
/** Rows of a file are stored in transactions of this many. */
export const ROWS_A_TRANSACTION = 2_048;

/** A file as the API hands it over after it has read the request. */
export const spooled = (text: string | Uint8Array, blockBytes = 65_536) => {
  const bytes = Buffer.from(text);
  return {
    sha256: createHash('sha256').update(bytes).digest(),
    bytes: bytes.length,
    lines: bytes.filter((byte) => byte === 10).length,
    async *open() {
      for (let from = 0; from < bytes.length; from += blockBytes) yield bytes.subarray(from, from + blockBytes);
    },
  };
};

/** Hands a file over to the worker, and answers the id of its batch. */
export const handedOver = async (ctx: Context, text: string, query: Query = {}): Promise<string> => {
  const parsed = createBatchCsv.parse({ ...TERMS, allow_duplicates: 'true', ...query });
  return uuidOf(made(await receiveCsv(ctx, parsed, spooled(text), { respondAsync: true })).id);
};

/** All items of a batch, read page by page. */
export const allItems = async (ctx: Context, batchId: string): Promise<WireItem[]> => {
  const items: WireItem[] = [];
  for (let after: string | undefined; ; ) {
    const page = must(await listPayoutItems(ctx, { batch_id: batchId, limit: 3, starting_after: after }));
    items.push(...page.data);
    if (!page.next_cursor) return items;
    after = page.next_cursor;
  }
};

const WRITTEN = [
  'payout_batch',
  'batch_control',
  'batch_content',
  'batch_chunk',
  'payout_item',
  'batch_preparer',
  'payee',
  'payee_destination',
  'outbox',
];

/** How many rows of the home workspace each table holds that a creation can write. */
export const rowCounts = async ({ sql }: World): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const table of WRITTEN) counts[table] = Number((await sql<{ n: string }>(`SELECT count(*) AS n FROM ${table}`))[0]?.n);
  return counts;
};
