import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyAudit } from '../../client/verify/audit.js';
import { auditEvent, checkpoint as checkpointContract, consistencyProof, inclusionProof } from '../../contracts/audit.js';
import type { ExportRecord } from '../../domain/audit/export.js';
import { toWireId } from '../../domain/ids.js';
import { rootFromInclusion, verifyConsistency } from '../../domain/merkle.js';
import type { Result } from '../../domain/result.js';
import { exportAudit } from '../../operations/audit/export.js';
import { listAuditEvents } from '../../operations/audit/list.js';
import { proveConsistency } from '../../operations/audit/prove-consistency.js';
import { proveInclusion } from '../../operations/audit/prove-inclusion.js';
import { showCheckpoint } from '../../operations/audit/show-checkpoint.js';
import { sha256 } from '../../vault/sha256.js';
import { openWorld, type World } from '../world/open.js';
import type { Workspace } from '../world/workspaces.js';

let world: World;
beforeAll(async () => {
  world = await openWorld({ funds: 0n });
});
afterAll(() => world.close());

const got = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`refused: ${result.refusal.code}`);
  return result.value;
};
const bytes = (hex: string) => Buffer.from(hex, 'hex');

/** A new workspace with `sequenced` events under a checkpoint, then `more` that are not. */
const logOf = async (sequenced: number, more = 0): Promise<Workspace & { ids: string[] }> => {
  const workspace = await world.workspace();
  const { tenantId } = workspace;
  const subjects = [randomUUID(), randomUUID(), randomUUID()];
  const ids: string[] = [];
  for (let n = 0; n < sequenced; n++) ids.push(await world.writeEvent(tenantId, subjects[n % 3] ?? '', { n }));
  await world.sequence();
  for (let n = 0; n < more; n++) ids.push(await world.writeEvent(tenantId, subjects[n % 3] ?? '', { n }));
  return { ...workspace, ids };
};

const exported = async (tenantId: string): Promise<ExportRecord[]> => {
  const records: ExportRecord[] = [];
  for await (const record of got(await exportAudit(world.api(tenantId)))) records.push(record);
  return records;
};
const verified = (records: readonly ExportRecord[], checkpoints: string[] = []) =>
  verifyAudit(
    records.map((record) => JSON.stringify(record)),
    { verifierKey: world.services.signer.verifierKey, checkpoints },
  );

test('the exported history verifies offline, and counts what is not yet sequenced [S1-20]', async () => {
  const { tenantId, ids } = await logOf(25, 4);
  const records = await exported(tenantId);
  const eventIds = records.flatMap((record) => (record.type === 'event' ? [record.event?.['id']] : []));
  expect([...eventIds].sort()).toEqual([...ids].sort());
  const report = await verified(records, [(await world.archive.latest(tenantId))?.note ?? '']);
  expect(report).toMatchObject({ ok: true, tenantId, sealed: 25, signed: 25, unsealed: 4, findings: [] });
});

test('raw SQL that gets past every safeguard of the database is found in the export [S3-22] [S1-18]', async () => {
  const { tenantId, ids } = await logOf(12);
  await world.sql('ALTER TABLE audit_event DISABLE TRIGGER audit_event_append_only', [], tenantId);
  await world.sql(`UPDATE audit_event SET detail = '{"n": 99}' WHERE id = $1`, [ids[4]], tenantId);
  await world.sql('DELETE FROM audit_event WHERE id = $1', [ids[9]], tenantId);
  await world.sql('ALTER TABLE audit_event ENABLE TRIGGER audit_event_append_only', [], tenantId);
  const { ok, findings } = await verified(await exported(tenantId));
  expect(ok).toBe(false);
  expect(findings.find((finding) => finding.kind === 'changed')).toMatchObject({ indexes: [4], eventIds: [ids[4]] });
  expect(findings.find((finding) => finding.kind === 'removed')).toMatchObject({ indexes: [9] });
});

test('a transfer that names no event is found in the export [S1-18]', async () => {
  const { tenantId, external, funding } = await logOf(3);
  const transfer = randomUUID();
  const post = `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, event_id) VALUES ($1, $2, $3, $4, 500, 'EUR', 'top_up', $5)`;
  await world.sql(post, [tenantId, transfer, external, funding, randomUUID()], tenantId);
  const { findings } = await verified(await exported(tenantId));
  expect(findings.map((finding) => finding.kind)).toEqual(['unjoined']);
  expect(findings[0]?.message).toContain(transfer);
});

test('an export taken while events are written and sequenced verifies [S1-20]', async () => {
  const { tenantId } = await logOf(5);
  const { pass } = world.newSequencer();
  let writing = true;
  const traffic = (async () => {
    for (let n = 0; writing; n++) {
      await world.writeEvent(tenantId, `subject ${n % 4}`, { n });
      if (n % 3 === 0) await pass('own_heads');
    }
  })();
  try {
    for (let round = 0; round < 5; round++) expect((await verified(await exported(tenantId))).findings).toEqual([]);
  } finally {
    writing = false;
    await traffic;
  }
});

test('events are listed newest first by pages, and filtered', async () => {
  const { tenantId, ids } = await logOf(7);
  const ctx = world.api(tenantId);
  const first = got(await listAuditEvents(ctx, { limit: 4 }));
  for (const event of first.data) auditEvent.parse(event);
  const second = got(await listAuditEvents(ctx, { limit: 4, starting_after: first.next_cursor ?? '' }));
  expect([...first.data, ...second.data].map((event) => event.id)).toEqual([...ids].reverse().map((id) => toWireId('event', id)));
  expect([first.has_more, second.has_more, second.next_cursor]).toEqual([true, false, null]);
  expect(got(await listAuditEvents(ctx, { limit: 4, action: 'gate.approve' })).data).toEqual([]);
  const [subject = ''] = first.data.map(({ event }) => (event['subject'] as { id: string }).id);
  expect(got(await listAuditEvents(ctx, { limit: 9, subject_type: 'batch', subject_id: toWireId('batch', subject) })).data).toHaveLength(3);
  expect(await listAuditEvents(ctx, { limit: 4, starting_after: 'nonsense' })).toMatchObject({ ok: false, refusal: { code: 'invalid_request' } });
});

test('the checkpoint shows its signer and how much is not under it [S1-18]', async () => {
  const { tenantId: empty } = await world.workspace();
  expect(await showCheckpoint(world.api(empty))).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
  const { tenantId } = await logOf(6, 2);
  const shown = checkpointContract.parse(got(await showCheckpoint(world.api(tenantId))));
  expect(shown).toMatchObject({
    size: 6,
    unsealed: 2,
    verifier_key: world.services.signer.verifierKeyFor({ tenantId, generation: 1 }),
    origin: world.services.signer.origin({ tenantId, generation: 1 }),
  });
  expect(shown.note).toBe((await world.archive.latest(tenantId))?.note);
});

test('every event is proved to be in the log, and the log to have only grown [S1-18]', async () => {
  const { tenantId, ids } = await logOf(37);
  const ctx = world.api(tenantId);
  for (const [index, id] of ids.entries()) {
    const proof = inclusionProof.parse(got(await proveInclusion(ctx, { event_id: toWireId('event', id) })));
    const root = rootFromInclusion(sha256, bytes(proof.leaf), proof.index, proof.size, proof.path.map(bytes));
    expect(proof.index).toBe(index);
    expect(root && Buffer.from(root).toString('hex')).toBe(proof.root);
    const grown = consistencyProof.parse(got(await proveConsistency(ctx, { from: index })));
    const trees = [
      { size: index, root: bytes(grown.from_root) },
      { size: 37, root: bytes(proof.root) },
    ] as const;
    expect(verifyConsistency(sha256, trees[0], trees[1], grown.path.map(bytes))).toBe(true);
  }
});

test('what the log does not have yet says when to ask again, and what it never has does not', async () => {
  const { tenantId, ids } = await logOf(3, 1);
  const ctx = world.api(tenantId);
  const event = (index: number) => toWireId('event', ids[index] ?? '');
  const soon = { ok: false, refusal: { code: 'not_found', extra: { retry_after_seconds: 1 } } };
  expect(await proveInclusion(ctx, { event_id: event(3) })).toMatchObject(soon);
  expect(await proveInclusion(ctx, { event_id: event(2), size: 9 })).toMatchObject(soon);
  expect(await proveConsistency(ctx, { from: 2, to: 9 })).toMatchObject(soon);
  const unsequenced = await world.workspace();
  expect(await showCheckpoint(world.api(unsequenced.tenantId))).toMatchObject(soon);
  const never = [
    await proveInclusion(ctx, { event_id: event(2), size: 2 }),
    await proveInclusion(ctx, { event_id: toWireId('event', randomUUID()) }),
    await proveConsistency(ctx, { from: 3, to: 2 }),
  ];
  for (const refused of never) expect(refused).not.toMatchObject({ refusal: { extra: expect.anything() } });
});

test('proofs of events that are not sequenced, foreign or unknown are refused alike', async () => {
  const other = await logOf(1);
  const { tenantId, ids } = await logOf(3, 1);
  const ctx = world.api(tenantId);
  for (const id of [ids[3], other.ids[0], randomUUID()].map((uuid) => toWireId('event', uuid ?? '')))
    expect(await proveInclusion(ctx, { event_id: id })).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
  expect(await proveInclusion(ctx, { event_id: 'nonsense' })).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
  expect(await proveInclusion(ctx, { event_id: toWireId('event', ids[2] ?? ''), size: 2 })).toMatchObject({ ok: false });
  expect(await proveConsistency(ctx, { from: 2, to: 9 })).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
  expect(await proveConsistency(ctx, { from: 3, to: 2 })).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
});
