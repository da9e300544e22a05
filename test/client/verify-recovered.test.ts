import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { verifyAudit } from '../../client/verify/audit.js';
import { type AuditEvent, auditBody, auditLeaf, FIRST_PREVIOUS } from '../../domain/audit/event.js';
import { EXPORT_VERSION, type ExportRecord } from '../../domain/audit/export.js';
import { type Json, toHex } from '../../domain/hashing.js';
import { merkleRoot } from '../../domain/merkle.js';
import { newSigner, sha256, signer, toLines, withEnd } from './sample-log.js';

/** The offline verifier on logs that recoveries left a gap in (docs/audit.md). */

const tenantId = randomUUID();
type Detail = { [key: string]: Json };

const event = (subject: AuditEvent['subject'], action: string, detail: Detail, before: AuditEvent | null = null): AuditEvent => ({
  ...{ id: randomUUID(), tenantId, actor: { type: 'system', process: 'worker' }, requestId: 'r', at: '2026-01-01T00:00:00.000Z' },
  ...{ subject, subjectSeq: (before?.subjectSeq ?? 0) + 1, previous: before ? auditLeaf(sha256, before) : FIRST_PREVIOUS },
  ...{ action, result: 'ok', detail },
});
const some = (count: number): AuditEvent[] => Array.from({ length: count }, () => event({ type: 'batch', id: randomUUID() }, 'batch.create', {}));
const rootOf = (log: readonly AuditEvent[], size: number) =>
  merkleRoot(
    sha256,
    log.slice(0, size).map((one) => Buffer.from(auditLeaf(sha256, one), 'hex')),
  );
const note = (log: readonly AuditEvent[], size: number, generation = 1, by = signer) =>
  by.sign({ tenantId, generation }, BigInt(size), rootOf(log, size));
const lostOf = (log: readonly AuditEvent[], kept: number, size: number) => ({
  ...{ kept_size: String(kept), lost_size: String(size), lost_root: toHex(rootOf(log, size)) },
});
const recovered = (detail: Detail, before: AuditEvent | null = null) =>
  event({ type: 'workspace', id: tenantId }, 'workspace.recover', { proposal_id: randomUUID(), ...detail }, before);

interface Exported {
  log: readonly AuditEvent[];
  generation: number;
  notes: readonly string[];
  /** Events without an index, at the end. */
  waiting?: number;
}
const verify = ({ log, generation, notes, waiting = 0 }: Exported, checkpoints: readonly string[], verifierKey = signer.verifierKey) => {
  const size = Math.max(0, ...notes.map((one) => Number(one.split('\n')[1])));
  const origin = signer.origin({ tenantId, generation });
  const records: ExportRecord[] = [
    { type: 'header', version: EXPORT_VERSION, tenant_id: tenantId, origin, size, exported_at: '', verifier_key: '' },
    ...notes.map((one) => ({ type: 'checkpoint', note: one }) as const),
    ...log.map((one, i) => ({
      ...({ type: 'event', index: i < log.length - waiting ? i : null } as const),
      ...{ leaf: auditLeaf(sha256, one), event: auditBody(one) },
    })),
  ];
  return verifyAudit(toLines(withEnd(records)), { verifierKey, checkpoints });
};

// A database with 1,009 events was lost. A copy of its first 9 was recovered, which two checkpoints were published of, and went on.
const lost = some(1_009);
const recovery = recovered({ generation: 2, ...lostOf(lost, 9, 1_009) });
const log = [...lost.slice(0, 9), recovery, ...some(3)];
const kept = [note(lost, 5), note(lost, 9)];
const own: Exported = { log, generation: 2, notes: [...kept, note(log, 11, 2), note(log, 13, 2)] };
const lostNotes = [note(lost, 10), note(lost, 500), note(lost, 1_009)];

const kinds = (report: Awaited<ReturnType<typeof verify>>) => report.findings.map(({ kind }) => kind);

describe('a declared gap', () => {
  test('is named with its event, and the log is ok with every checkpoint there was [S1-24]', async () => {
    const report = await verify(own, [...kept, ...lostNotes, ...own.notes]);
    expect(report).toMatchObject({ ok: true, findings: [], signed: 13, checkpoint: { size: 13 } });
    expect(report.gaps).toEqual([
      {
        ...{ generation: 1, followedBy: 2, kept: 9, lost: 1_009, checkpoints: 3 },
        ...{ eventId: recovery.id, at: recovery.at, proposalId: recovery.detail['proposal_id'] },
      },
    ]);
    const lines = report.lines.join('\n');
    for (const word of ['1,000 events after the first 9', recovery.id, recovery.at, String(recovery.detail['proposal_id']), '3 of the checkpoints'])
      expect(lines).toContain(word);
    expect(report.lines.at(-1)).toBe('checksum ok, with a declared gap of 1,000 events');
  });

  test('is named too when the auditor has no checkpoint of it', async () => {
    const report = await verify(own, []);
    expect(report).toMatchObject({ ok: true, gaps: [{ checkpoints: 0 }] });
    expect(report.lines.at(-1)).toBe('checksum ok, with a declared gap of 1,000 events');
  });

  test('is verified with the key of any generation of the log, and with no other', async () => {
    const all = [...kept, ...lostNotes, ...own.notes];
    for (const generation of [1, 2]) expect((await verify(own, all, signer.verifierKeyFor({ tenantId, generation }))).ok).toBe(true);
    for (const key of [signer.verifierKeyFor({ tenantId: randomUUID(), generation: 1 }), newSigner().verifierKeyFor({ tenantId, generation: 2 })])
      expect(new Set(kinds(await verify(own, all, key)))).toContain('unsigned');
  });

  test('ends where the event says: a checkpoint beyond it is refused [S1-18]', async () => {
    const longer = [...lost, ...some(1)];
    const report = await verify(own, [...lostNotes, note(longer, 1_010)]);
    expect(kinds(report)).toEqual(['cut_off']);
    expect(report.findings[0]?.message).toContain('at size 1010 is in no declared gap');
    expect(report.findings[0]?.eventIds).toEqual([recovery.id]);
  });

  test('has the root that the event says [S1-18]', async () => {
    const other = [...lost.slice(0, 1_008), ...some(1)];
    expect(kinds(await verify(own, [note(other, 1_009)]))).toEqual(['changed']);
  });

  test('excuses nothing below it: what was kept is contained [S1-18]', async () => {
    const other = [...some(1), ...lost.slice(1)];
    for (const size of [4, 8]) {
      const report = await verify(own, [note(other, size)]);
      expect(kinds(report)).toEqual(['changed']);
    }
  });

  test('excuses no checkpoint of the new generation [S1-18]', async () => {
    expect(kinds(await verify(own, [note([...log.slice(0, 12), ...some(1)], 13, 2)]))).toContain('changed');
    expect(kinds(await verify(own, [note([...log, ...some(1)], 14, 2)]))).toEqual(['cut_off']);
  });

  test('is nothing without its event, without its generation, or before its event is signed [S1-18]', async () => {
    const without = [...lost.slice(0, 9), ...some(4)];
    const report = await verify({ log: without, generation: 2, notes: [...kept, note(without, 13, 2)] }, lostNotes);
    expect(new Set(kinds(report))).toEqual(new Set(['changed', 'removed', 'cut_off']));
    // In the first generation nothing is excused, whatever an event says.
    const first = await verify({ log, generation: 1, notes: [...kept, note(log, 13)] }, lostNotes);
    expect(first.ok).toBe(false);
    const waiting = { log, generation: 2, notes: kept, waiting: 4 };
    expect(kinds(await verify(waiting, lostNotes))).toEqual(['cut_off']);
    expect(await verify(waiting, [])).toMatchObject({ ok: true, gaps: [] });
  });

  test.each<[string, Detail]>([
    ['says that less was lost', { lost_size: '500' }],
    ['says another root', { lost_root: 'ab'.repeat(32) }],
    ['says that nothing was lost', { lost_size: null, lost_root: null }],
    ['keeps more than came before it', { kept_size: '11' }],
    ['has no numbers', { kept_size: 'all' }],
    ['has a root alone', { lost_size: null }],
    ['is of no later generation', { generation: 1 }],
  ])('whose event %s is not ok, signed as it may be [S1-18]', async (_name, change) => {
    const forged = [...lost.slice(0, 9), recovered({ ...recovery.detail, ...change }), ...log.slice(10)];
    const report = await verify({ log: forged, generation: 2, notes: [...kept, note(forged, 13, 2)] }, [...lostNotes, note(lost, 9)]);
    expect(report.ok).toBe(false);
  });

  test('that is larger than what was lost says so: the kept checkpoints beyond its beginning count as lost', async () => {
    const forged = [...lost.slice(0, 9), recovered({ ...recovery.detail, kept_size: '4' }), ...log.slice(10)];
    const report = await verify({ log: forged, generation: 2, notes: [note(forged, 13, 2)] }, [...kept, ...lostNotes]);
    expect(report).toMatchObject({ ok: true, gaps: [{ kept: 4, lost: 1_009, checkpoints: 5 }] });
    expect(report.lines.at(-1)).toBe('checksum ok, with a declared gap of 1,005 events');
  });

  test('whose event was changed after it was signed is not ok [S1-18]', async () => {
    const changed = log.map((one) => (one === recovery ? { ...one, detail: { ...one.detail, lost_size: '2000' } } : one));
    expect((await verify({ ...own, log: changed }, lostNotes)).ok).toBe(false);
  });
});

describe('several recoveries', () => {
  // Recovered again, from a copy with 11 events of generation 2, after 20 were published.
  const second = [...log, ...some(7)];
  const again = recovered({ generation: 3, ...lostOf(second, 11, 20) }, recovery);
  const twice = [...second.slice(0, 11), again, ...some(2)];
  const notes = [...kept, note(second, 11, 2), note(twice, 14, 3)];

  test('in a row: each gap is named, and every checkpoint is in the log or in its gap', async () => {
    const all = [...kept, ...lostNotes, note(second, 10, 2), note(second, 13, 2), note(second, 20, 2), note(twice, 14, 3)];
    const report = await verify({ log: twice, generation: 3, notes }, all);
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect(report.gaps.map(({ generation, kept, lost, checkpoints }) => [generation, kept, lost, checkpoints])).toEqual([
      [1, 9, 1_009, 3],
      [2, 11, 20, 2],
    ]);
    expect(report.lines.at(-1)).toBe('checksum ok, with 2 declared gaps of 1,009 events');
  });

  test('in a row: a gap excuses checkpoints of its own generation alone', async () => {
    const report = await verify({ log: twice, generation: 3, notes }, [note([...second, ...some(1)], 21, 2)]);
    expect(kinds(report)).toEqual(['cut_off']);
    expect(report.findings[0]?.eventIds).toEqual([again.id]);
  });

  test('of the same old copy: what went on between them is given up, and named', async () => {
    const other = recovered({ generation: 3, ...lostOf(lost, 5, 1_009), given_up: [{ generation: 2, ...lostOf(log, 9, 13) }] });
    const third = [...lost.slice(0, 5), other, ...some(1)];
    const exported = { log: third, generation: 3, notes: [kept[0] ?? '', note(third, 7, 3)] };
    const report = await verify(exported, [...kept, ...lostNotes, ...own.notes]);
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect(report.gaps.map(({ generation, kept, lost, checkpoints }) => [generation, kept, lost, checkpoints])).toEqual([
      [1, 5, 1_009, 5],
      [2, 9, 13, 2],
    ]);
    expect(kinds(await verify(exported, [note([...log, ...some(1)], 14, 2)]))).toEqual(['cut_off']);
    // The lost database is found, and recovered after all: nothing of it is lost, and generation 2 is given up.
    const found = recovered({
      generation: 3,
      kept_size: '1009',
      lost_size: null,
      lost_root: null,
      given_up: [{ generation: 2, ...lostOf(log, 9, 13) }],
    });
    const whole = [...lost, found];
    const back = await verify({ log: whole, generation: 3, notes: [...kept, ...lostNotes, note(whole, 1_010, 3)] }, own.notes);
    expect(back).toMatchObject({ ok: true, findings: [], gaps: [{ generation: 2, kept: 9, lost: 13, checkpoints: 2 }] });
    // The export of the database that was given up does not pass for the log.
    expect(kinds(await verify(own, [note(third, 7, 3)]))).toEqual(['cut_off']);
  });
});
