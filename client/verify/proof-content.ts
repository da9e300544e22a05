import type { BatchProof, ProofContent, ProofItem } from '../../domain/audit/proof.js';
import { batchDigest, commitmentTo, itemLeaf, settingsHash, tombstoneLeaf } from '../../domain/batch/content.js';
import { type Json, toHex } from '../../domain/hashing.js';
import { toItemId } from '../../domain/ids.js';
import { merkleRoot } from '../../domain/merkle.js';
import { sha256 } from './crypto.js';
import { aboutEvent } from './events.js';
import type { Findings } from './findings.js';

/**
 * Recomputes what the gates signed (R10): the leaf of every item from its values, its commitment from salt and destination, and
 * root, count, total and digest of every content version. Returns how many commitments could not be checked (`unopened`).
 */
export const checkContent = (proof: BatchProof, findings: Findings): { unopened: number } => {
  const excludedAt = exclusions(proof);
  let unopened = 0;
  const rows: { item: ProofItem; leaf: Uint8Array; tombstone: Uint8Array }[] = [];
  for (const [place, item] of proof.items.entries()) {
    if (item.ordinal !== place || item.item_id !== toItemId(proof.batch.id, item.ordinal))
      findings.add('malformed', `item ${place} of the proof is numbered ${item.ordinal} and called ${item.item_id}`);
    const commitment = Buffer.from(item.commitment, 'hex');
    if (item.salt === null || item.sent_to === null) unopened++;
    else if (toHex(commitmentTo(sha256, Buffer.from(item.salt, 'hex'), item.sent_to)) !== item.commitment)
      findings.add('changed', `the destination of item ${item.item_id} is not the one that was committed to`);
    const leaf = itemLeaf(sha256, {
      ordinal: item.ordinal,
      itemId: item.item_id,
      reference: item.reference,
      amount: BigInt(item.amount),
      currency: proof.batch.currency,
      payeeId: item.payee_id,
      destinationId: item.destination_id,
      remittance: item.remittance,
      commitment,
    });
    const tombstone = tombstoneLeaf(sha256, item.ordinal, item.item_id);
    if (toHex(item.state === 'excluded' ? tombstone : leaf) !== item.leaf) findings.add('changed', `item ${item.item_id} is not what its leaf says`);
    rows.push({ item, leaf, tombstone });
  }
  for (const content of proof.contents) {
    const isIn = (item: ProofItem) => (excludedAt.get(item.ordinal) ?? Number.POSITIVE_INFINITY) > content.content_version;
    const root = merkleRoot(
      sha256,
      rows.map(({ item, leaf, tombstone }) => (isIn(item) ? leaf : tombstone)),
    );
    const kept = rows.filter(({ item }) => isIn(item));
    const total = kept.reduce((sum, { item }) => sum + BigInt(item.amount), 0n);
    const wrong = [
      toHex(root) !== content.root && 'root',
      rows.length !== content.size && 'size',
      kept.length !== content.count && 'count',
      total !== BigInt(content.total) && 'total',
      digestOf(proof, content, root) !== content.digest && 'digest',
    ].filter(Boolean);
    if (wrong.length > 0) findings.add('changed', `content version ${content.content_version} differs from its items in ${wrong.join(', ')}`);
  }
  checkStated(proof, findings);
  for (const { chunk, attempt, connection_id: id, connection_version: version } of proof.attempts)
    if (proof.batch.connection_version && (id !== proof.batch.connection_id || version !== proof.batch.connection_version))
      findings.add('changed', `attempt ${attempt} of chunk ${chunk} went through another connection, or other settings, than the digest binds`);
  return { unopened };
};

/** Compares content and source with the events that state them. */
const checkStated = ({ batch, contents, events }: BatchProof, findings: Findings): void => {
  const digests = new Map(contents.map((content) => [content.content_version, content.digest]));
  for (const record of events) {
    const { event } = record;
    if (event['result'] !== 'ok' || !String(event['action']).startsWith('batch.')) continue;
    const { digest, content_version: version, source_sha256: source } = event['detail'] as { [key: string]: Json };
    const about = aboutEvent(record);
    if (digest !== undefined && digests.get(Number(version)) !== digest)
      findings.add('changed', `content version ${version} is not the one that event ${event['id']} states`, about);
    if (source !== undefined && source !== batch.source.sha256)
      findings.add('changed', `the source is not the one that event ${event['id']} states`, about);
  }
};

/** By ordinal: the first content version that does not contain the item. */
const exclusions = ({ events, transitions }: BatchProof): Map<number, number> => {
  const versions = new Map(events.map(({ event }) => [event['id'], (event['detail'] as { content_version?: number }).content_version]));
  return new Map(transitions.filter((step) => step.to === 'excluded').map((step) => [step.ordinal, versions.get(step.event_id) ?? 0]));
};

const digestOf = ({ batch }: BatchProof, content: ProofContent, root: Uint8Array): string =>
  toHex(
    batchDigest(
      sha256,
      {
        tenantId: batch.tenant_id,
        mode: batch.mode,
        batchId: batch.id,
        contentVersion: content.content_version,
        rail: batch.rail,
        connectionId: batch.connection_id,
        connectionVersion: batch.connection_version ?? null,
        connectionSettings: batch.connection_settings ? toHex(settingsHash(sha256, batch.connection_settings)) : null,
        fundingAccountId: batch.funding_account_id,
        currency: batch.currency,
        total: BigInt(content.total),
        count: content.count,
        feeBearer: batch.fee_bearer,
        feeMaximum: BigInt(batch.fee_maximum),
        executeNotBefore: batch.execute_not_before,
        executeBy: batch.execute_by,
      },
      root,
    ),
  );
