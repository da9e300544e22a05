import { createHash, randomUUID } from 'node:crypto';
import type { RecordedActor } from '../../domain/actors.js';
import { type AuditEvent, type AuditSubject, auditBody, auditLeaf, FIRST_PREVIOUS } from '../../domain/audit/event.js';
import { EXPORT_VERSION, type ExportEvent, type ExportRecord, type ExportTransfer } from '../../domain/audit/export.js';
import type { Json, Sha256 } from '../../domain/hashing.js';
import { merkleRoot } from '../../domain/merkle.js';
import { openCheckpointSigner } from '../../vault/checkpoint-signer.js';
import { newEd25519Keys } from '../../vault/ed25519.js';

export const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const newSigner = () => openCheckpointSigner({ checkpoint: { name: 'sluice-test', ...newEd25519Keys() } });
export const signer = newSigner();
const tenantId = randomUUID();
export const own = { tenantId, generation: 1 };

/** A small log as an export gives it: batches with their gates, chunks with their money, all chained and signed. */
export const sampleLog = (batches: number, unsealed: number): ExportRecord[] => {
  const heads = new Map<string, { seq: number; leaf: string }>();
  const events: AuditEvent[] = [];
  const money: ExportRecord[] = [];
  const gates: ExportRecord[] = [];
  const write = (subject: AuditSubject, action: string, detail: { [key: string]: Json }, actor: RecordedActor): string => {
    const key = `${subject.type} ${subject.id}`;
    const head = heads.get(key) ?? { seq: 0, leaf: FIRST_PREVIOUS };
    const place = { id: randomUUID(), tenantId, actor, requestId: `req_${events.length}`, at: new Date(1e12 + events.length).toISOString() };
    const event: AuditEvent = { ...place, subject, subjectSeq: head.seq + 1, previous: head.leaf, action, result: 'ok', detail };
    heads.set(key, { seq: event.subjectSeq, leaf: auditLeaf(sha256, event) });
    events.push(event);
    return event.id;
  };
  const system: RecordedActor = { type: 'system', process: 'worker' };
  for (let n = 0; n < batches; n++) {
    const batch = randomUUID();
    write({ type: 'batch', id: batch }, 'batch.create', { items: 2 + n }, system);
    for (const gate of ['approve', 'authorize', 'execute'] as const) {
      const person = randomUUID();
      const binding = { content_version: 1, digest: Buffer.alloc(32, n).toString('hex'), challenge_id: randomUUID() };
      const actor: RecordedActor = { type: 'user', personId: person, sessionId: randomUUID(), roles: ['approver'] };
      const held = gate === 'authorize' ? { held: '60' } : {};
      const event_id = write({ type: 'batch', id: batch }, `gate.${gate}`, { ...binding, ...held }, actor);
      if (gate === 'authorize') money.push(transfer({ amount: '60', kind: 'hold', batch_id: batch, event_id }));
      const what = { type: 'gate', id: randomUUID(), batch_id: batch, gate, person_id: person, factor_id: randomUUID(), time_step: 1 } as const;
      gates.push({ ...what, ...binding, event_id, opened_at: new Date(1e12).toISOString() });
    }
    for (let chunk = 0; chunk < 2; chunk++) {
      const subject: AuditSubject = { type: 'chunk', id: `${batch}/${chunk}` };
      write(subject, 'chunk.intend', { transitions: { 'pending>submitting': { count: 2, amount: '30' } } }, system);
      const event_id = write(subject, 'chunk.settle', { transitions: { 'submitting>paid': { count: 2, amount: '30' } } }, system);
      for (const [ordinal, amount] of ['10', '20'].entries()) {
        const item = { batch_id: batch, ordinal: chunk * 2 + ordinal, item_version: 2 };
        money.push(transfer({ amount, kind: 'settlement', ...item, event_id }));
      }
    }
  }
  const leaves = events.map((event) => Buffer.from(auditLeaf(sha256, event), 'hex'));
  const sealed = events.length - unsealed;
  const checkpoint = (size: number) => signer.sign(own, BigInt(size), merkleRoot(sha256, leaves.slice(0, size)));
  const sizes = [...new Set([1, 5, 6, Math.ceil(sealed / 2), sealed - 1, sealed])].filter((size) => size > 0 && size <= sealed).sort((a, b) => a - b);
  const origin = signer.origin(own);
  return withEnd([
    { type: 'header', version: EXPORT_VERSION, tenant_id: tenantId, origin, size: sealed, exported_at: '', verifier_key: signer.verifierKey },
    ...sizes.map((size) => ({ type: 'checkpoint', note: checkpoint(size) }) as const),
    ...money,
    ...gates,
    ...events.map(
      (event, i): ExportEvent => ({ type: 'event', index: i < sealed ? i : null, leaf: auditLeaf(sha256, event), event: auditBody(event) }),
    ),
  ]);
};

const transfer = (about: Pick<ExportTransfer, 'amount' | 'kind' | 'event_id'> & Partial<ExportTransfer>): ExportTransfer => ({
  type: 'transfer',
  id: randomUUID(),
  debit_account_id: randomUUID(),
  credit_account_id: randomUUID(),
  currency: 'EUR',
  batch_id: null,
  ordinal: null,
  item_version: null,
  ...about,
});

/** The records with a correct checksum at the end, as a careful forger would write it. */
export const withEnd = (records: readonly ExportRecord[]): ExportRecord[] => {
  const body = records.filter((record) => record.type !== 'end');
  return [...body, { type: 'end', records: body.length }];
};

export const toLines = (records: readonly ExportRecord[]): string[] => records.map((record) => JSON.stringify(record));
