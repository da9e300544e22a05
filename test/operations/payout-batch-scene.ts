import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { createBatch, createBatchCsv } from '../../contracts/batches.js';
import type { Result } from '../../domain/result.js';
import type { WireBatch } from '../../operations/batch-state/read.js';
import type { Context } from '../../operations/context.js';
import { receiveCsv } from '../../operations/intake/receive-csv.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import { listPayoutItems, type WireItem } from '../../operations/payout-batch/list-items.js';
import type { Rail, RailCapabilities } from '../../operations/ports.js';
import { gateWorld, type Person, uuidOf } from './gate-world.js';

/** Workspaces, people and a rail with small chunks, to create batches in as the API does. */

const CAPABILITIES: RailCapabilities = {
  chunkSize: 4,
  currencies: ['EUR', 'JPY'],
  destinations: ['iban', 'account_token'],
  reference: { maxLength: 20, characters: /^[A-Za-z0-9 -]+$/, describe: 'letters, digits, spaces and hyphens' },
  keyTtlMs: 86_400_000,
  acceptanceWindowMs: 1_000,
  timeoutMs: 1_000,
  settlementMs: 1_000,
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
  verifyInbound: unused,
  parseEvidence: unused,
};

/** German IBANs that are valid, any number of them: ISO 13616 check digits by ISO 7064 mod 97-10. */
export const iban = (account: number): string => {
  const bban = `37040044${account.toString().padStart(10, '0')}`;
  const check = 98n - (BigInt(`${bban}131400`) % 97n);
  return `DE${check.toString().padStart(2, '0')}${bban}`;
};

export const batchScene = async () => {
  const world = await gateWorld();
  const preparer = await world.person('preparer');

  const as = (who: Person, home: { tenantId: string; mode: 'live' | 'test' } = world.home): Context =>
    world.as(who, { tenantId: home.tenantId, mode: home.mode, with: { rails: new Map([['sandbox', rail]]) } });

  const create = (ctx: Context, body: Record<string, unknown>, validateOnly = false) =>
    createPayoutBatch(ctx, { ...createBatch.parse({ currency: 'EUR', rail: 'sandbox', ...body }), validate_only: validateOnly });

  const upload = (ctx: Context, text: string | Uint8Array, query: Partial<z.input<typeof createBatchCsv>> = {}) =>
    receiveCsv(ctx, createBatchCsv.parse({ currency: 'EUR', rail: 'sandbox', ...query }), spooled(text));

  /** Every row of every table that a creation could write, of one workspace. */
  const rowsOf = async (tenantId: string): Promise<Record<string, number>> => {
    await world.enter(tenantId);
    const tables = [
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
    const counts: Record<string, number> = {};
    for (const table of tables) counts[table] = Number((await world.sql<{ n: string }>(`SELECT count(*) AS n FROM ${table}`))[0]?.n);
    return counts;
  };

  const allItems = async (ctx: Context, batchId: string): Promise<WireItem[]> => {
    const items: WireItem[] = [];
    for (let after: string | undefined; ; ) {
      const page = must(await listPayoutItems(ctx, { batch_id: batchId, limit: 3, starting_after: after }));
      items.push(...page.data);
      if (!page.next_cursor) return items;
      after = page.next_cursor;
    }
  };

  /** The digest as a verifier outside would compute it: from what the API shows, and the commitments. */
  const recompute = async (ctx: Context, batch: WireBatch): Promise<string> => {
    await world.enter(ctx.tenantId);
    const stored = await world.sql<{ id: string; commitment: Buffer }>('SELECT id, commitment FROM payee_destination');
    const commitments = new Map(stored.map((row) => [row.id, row.commitment.toString('hex')]));
    const items = await allItems(ctx, uuidOf(batch.id));
    const leaves = items.map((item) => sha(Buffer.of(0), Buffer.from(JSON.stringify(leafOf(item, commitments)))));
    return sha(Buffer.from(JSON.stringify(headerOf(ctx, batch))), treeOf(leaves)).toString('hex');
  };

  return { ...world, preparer, as, create, upload, rowsOf, allItems, recompute };
};

export type BatchScene = Awaited<ReturnType<typeof batchScene>>;

export const spooled = (text: string | Uint8Array, blockBytes = 65_536) => {
  const bytes = Buffer.from(text);
  return {
    sha256: createHash('sha256').update(bytes).digest(),
    async *open() {
      for (let from = 0; from < bytes.length; from += blockBytes) yield bytes.subarray(from, from + blockBytes);
    },
  };
};

export const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
  return result.value;
};

/** A batch that was created, not merely validated. */
export const made = (result: Result<{ object: string }>): WireBatch => {
  const value = must(result);
  if (value.object !== 'payout_batch') throw new Error(`got a ${value.object}`);
  return value as WireBatch;
};

/** `code` of a refusal with reason and place of each error. */
export const told = (result: Result<unknown>): { code: string; errors: string[] } =>
  result.ok
    ? { code: 'ok', errors: [] }
    : {
        code: result.refusal.code,
        errors: (result.refusal.errors ?? []).map(({ row, field, reason }) => `${row === undefined ? '' : `${row} `}${field} ${reason}`),
      };

const leafOf = (item: WireItem, commitments: ReadonlyMap<string, string>) =>
  item.state === 'excluded'
    ? ['sluice-item-excluded-v1', item.ordinal, item.id]
    : [
        'sluice-item-v1',
        item.ordinal,
        item.id,
        item.reference,
        String(item.amount),
        item.currency,
        uuidOf(item.payee_id),
        uuidOf(item.destination.id),
        item.remittance,
        commitments.get(uuidOf(item.destination.id)),
      ];

/** Members in alphabetical order, as RFC 8785 has them. */
const headerOf = (ctx: Context, batch: WireBatch) => ({
  batch_id: uuidOf(batch.id),
  connection_id: uuidOf(batch.connection_id),
  content_version: batch.content_version,
  count: batch.item_count,
  currency: batch.currency,
  domain: 'sluice-batch-v1',
  execute_by: batch.execute_by,
  execute_not_before: batch.execute_not_before,
  fee_bearer: 'sender',
  fee_maximum: '0',
  funding_account_id: uuidOf(batch.funding_account_id),
  mode: ctx.mode,
  rail: batch.rail,
  tenant_id: ctx.tenantId,
  total: String(batch.total),
});

const sha = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** RFC 6962 section 2.1, word by word. */
const treeOf = (leaves: readonly Buffer[]): Buffer => {
  if (leaves.length === 1) return leaves[0] as Buffer;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha(Buffer.of(1), treeOf(leaves.slice(0, split)), treeOf(leaves.slice(split)));
};
