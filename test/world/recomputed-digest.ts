import { createHash } from 'node:crypto';
import type { WireBatch } from '../../operations/batch-state/read.js';
import type { Context } from '../../operations/context.js';
import type { WireItem } from '../../operations/payout-batch/list-items.js';
import { allItems } from './intake.js';
import type { World } from './open.js';
import { uuidOf } from './wire.js';

/** The digest as a verifier outside would compute it: from what the API shows, and the commitments. Shares no code with the product. */
export const recompute = async ({ sql }: World, ctx: Context, batch: WireBatch): Promise<string> => {
  const stored = await sql<{ id: string; commitment: Buffer }>('SELECT id, commitment FROM payee_destination', [], ctx.tenantId);
  const commitments = new Map(stored.map((row) => [row.id, row.commitment.toString('hex')]));
  const items = await allItems(ctx, uuidOf(batch.id));
  const leaves = items.map((item) => sha(Buffer.of(0), Buffer.from(JSON.stringify(leafOf(item, commitments)))));
  return sha(Buffer.from(JSON.stringify(headerOf(ctx, batch))), treeOf(leaves)).toString('hex');
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
  connection_settings: batch.connection_settings_sha256,
  connection_version: batch.connection_version,
  content_version: batch.content_version,
  count: batch.item_count,
  currency: batch.currency,
  domain: 'sluice-batch-v2',
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
