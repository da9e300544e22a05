import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type AuditEvent, auditBody, auditLeaf, FIRST_PREVIOUS } from '../../domain/audit/event.js';
import { type BatchProof, PROOF_VERSION, type ProofItem } from '../../domain/audit/proof.js';
import { batchDigest, commitmentTo, itemLeaf } from '../../domain/batch/content.js';
import { type Sha256, toHex } from '../../domain/hashing.js';
import { fromWireId, toItemId } from '../../domain/ids.js';
import { merkleRoot } from '../../domain/merkle.js';
import { openCheckpointSigner } from '../../vault/checkpoint-signer.js';
import { newEd25519Keys } from '../../vault/ed25519.js';
import { BATCH } from './run-sluice.js';

const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const signer = openCheckpointSigner({ checkpoint: { name: 'sluice-test', ...newEd25519Keys() } });
export const { verifierKey } = signer;
export const otherVerifierKey = openCheckpointSigner({ checkpoint: { name: 'sluice-test', ...newEd25519Keys() } }).verifierKey;

/** The proof of a queued batch with two items, under a signed checkpoint. */
export const sampleProof = (): BatchProof => {
  const [tenantId, batchId, at] = [randomUUID(), fromWireId('batch', BATCH.id) ?? '', '2026-01-01T00:00:00.000Z'];
  const header = { rail: 'sandbox', connection_id: randomUUID(), funding_account_id: randomUUID(), currency: 'EUR' };
  const items = [1_000_000n, 234_567n].map((amount, ordinal) => sampleItem(batchId, ordinal, amount, header.currency));
  const leaves = items.map((item) => Buffer.from(item.leaf, 'hex'));
  const [total, root] = [1_234_567n, merkleRoot(sha256, leaves)];
  const signed = { tenantId, mode: 'test', batchId, contentVersion: 1, total, count: 2, feeBearer: 'sender', feeMaximum: 0n } as const;
  const sent = { rail: header.rail, connectionId: header.connection_id, fundingAccountId: header.funding_account_id, currency: header.currency };
  const digest = toHex(
    batchDigest(sha256, { ...signed, ...sent, connectionVersion: null, connectionSettings: null, executeNotBefore: null, executeBy: null }, root),
  );
  const event: AuditEvent = {
    ...{ id: randomUUID(), tenantId, actor: { type: 'system', process: 'api' }, requestId: 'req_1', at, subjectSeq: 1, previous: FIRST_PREVIOUS },
    ...{ subject: { type: 'batch', id: batchId }, action: 'batch.create', result: 'ok', detail: { state: 'queued', content_version: 1, digest } },
  };
  const leaf = auditLeaf(sha256, event);
  const note = signer.sign({ tenantId, generation: 1 }, 1n, merkleRoot(sha256, [Buffer.from(leaf, 'hex')]));
  return {
    ...{ object: 'evidence', version: PROOF_VERSION, exported_at: at, at_rest: true },
    batch: {
      ...{ id: batchId, tenant_id: tenantId, mode: 'test', external_id: 'june', description: '', ...header, chunk_size: 1_024 },
      ...{ fee_bearer: 'sender', fee_maximum: '0', execute_not_before: null, execute_by: null, source: { type: 'json', sha256: null } },
      ...{ created_at: at, state: 'queued', outcome: null, content_version: 1 },
    },
    contents: [{ content_version: 1, size: 2, count: 2, total: total.toString(), root: toHex(root), digest }],
    items,
    events: [{ index: 0, leaf, event: auditBody(event), path: [] }],
    ...{ transitions: [], transfers: [], holds: [], preparers: [], challenges: [], gates: [], attempts: [] },
    checkpoint: { note, origin: signer.origin({ tenantId, generation: 1 }), verifier_key: verifierKey },
  };
};

const sampleItem = (batchId: string, ordinal: number, amount: bigint, currency: string): ProofItem => {
  const [salt, sentTo] = [randomBytes(16), { name: `Payee ${ordinal}`, kind: 'account_token', account_token: 'acct' }];
  const commitment = commitmentTo(sha256, salt, sentTo);
  const what = { ordinal, reference: `r-${ordinal}`, remittance: 'June' };
  const [itemId, payeeId, destinationId] = [toItemId(batchId, ordinal), randomUUID(), randomUUID()];
  return {
    ...{ ...what, item_id: itemId, amount: amount.toString(), payee_id: payeeId, destination_id: destinationId },
    ...{ commitment: toHex(commitment), salt: salt.toString('hex'), sent_to: sentTo },
    leaf: toHex(itemLeaf(sha256, { ...what, itemId, amount, currency, payeeId, destinationId, commitment })),
    ...{ state: 'pending', version: 0, attempt: 0, provider_reference: null, reason: null },
  };
};
