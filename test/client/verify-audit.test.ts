import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { verifyAudit } from '../../client/verify/audit.js';
import { bodyLeaf } from '../../domain/audit/event.js';
import type { ExportEvent, ExportRecord } from '../../domain/audit/export.js';
import type { Json } from '../../domain/hashing.js';
import { newSigner, sampleLog, sha256, signer, toLines, withEnd } from './sample-log.js';

const verify = (records: readonly ExportRecord[], checkpoints: string[] = []) =>
  verifyAudit(toLines(records), { verifierKey: signer.verifierKey, checkpoints });

const log = sampleLog(3, 3);
const events = log.filter((record): record is ExportEvent => record.type === 'event');
const sealed = events.filter((event) => event.index !== null);
const others = log.filter((record) => record.type !== 'event' && record.type !== 'end');
const rebuild = (changed: readonly ExportEvent[]): ExportRecord[] => withEnd([...others, ...changed]);
const notes = log.flatMap((record) => (record.type === 'checkpoint' ? [record.note] : []));
const anySealed = fc.nat(sealed.length - 1);
const RUNS = { numRuns: 200 };

const edits: readonly [string, (body: { [key: string]: Json }) => Json][] = [
  ['action', () => 'batch.cancel'],
  ['result', () => 'code_wrong'],
  ['request_id', (body) => `${body['request_id']}0`],
  ['at', () => '2001-09-09T01:46:40.999Z'],
  ['actor', () => ({ type: 'system', process: 'setup' })],
  ['detail', (body) => ({ ...(body['detail'] as object), more: 1 })],
  ['subject', () => ({ type: 'batch', id: 'another' })],
  ['subject_seq', (body) => Number(body['subject_seq']) + 1],
  ['previous', () => 'f'.repeat(64)],
  ['tenant_id', () => 'another'],
  ['id', () => 'another'],
  ['domain', () => 'sluice-audit-v2'],
];
const edited = (event: ExportEvent, [field, change]: (typeof edits)[number]): ExportEvent => {
  const body = event.event as { [key: string]: Json };
  return { ...event, event: { ...body, [field]: change(body) } };
};
const rehashed = (event: ExportEvent): ExportEvent => ({ ...event, leaf: bodyLeaf(sha256, event.event) });
const named = (report: Awaited<ReturnType<typeof verify>>, kind?: string) =>
  report.findings.filter((finding) => !kind || finding.kind === kind).flatMap((finding) => finding.indexes);

test('an untouched export ends in checksum ok and counts what is not yet sequenced [S1-18] [S1-21]', async () => {
  const report = await verify(log, notes.slice(0, 1));
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ ok: true, sealed: sealed.length, signed: sealed.length, unsealed: 3, expired: 0, joined: sealed.length, gates: 9 });
  expect(report.lines.at(-1)).toBe('checksum ok');
});

describe('any change of a log is found, and the record is named', () => {
  test('an event is edited [S3-22] [S1-18]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(events.length - 1), fc.constantFrom(...edits), async (at, edit) => {
        const target = events[at] as ExportEvent;
        const report = await verify(rebuild(events.with(at, edited(target, edit))));
        expect(report.ok).toBe(false);
        const changed = report.findings.filter((finding) => finding.kind === 'changed');
        expect(changed).toHaveLength(1);
        if (target.index !== null) expect(changed[0]?.indexes).toEqual([target.index]);
        else if (edit[0] !== 'id') expect(changed[0]?.eventIds).toEqual([target.event?.['id']]);
      }),
      RUNS,
    );
  });

  test('an event is edited together with its hash [S3-22] [S1-18]', async () => {
    await fc.assert(
      fc.asyncProperty(anySealed, fc.constantFrom(...edits), async (at, edit) => {
        const report = await verify(rebuild(events.with(at, rehashed(edited(events[at] as ExportEvent, edit)))));
        expect(report.ok).toBe(false);
        expect(named(report)).toContain(at);
      }),
      RUNS,
    );
  });

  test('an event that is not sequenced is edited together with its hash: the next of its subject does not link to it [S3-22]', async () => {
    const chunks = events.filter((event) => String(event.event?.['action']).startsWith('chunk.'));
    const [settled, intended] = [chunks.at(-1) as ExportEvent, chunks.at(-2) as ExportEvent];
    expect([settled.index, intended.index]).toEqual([null, null]);
    const report = await verify(rebuild(events.with(events.indexOf(intended), rehashed(edited(intended, ['at', () => '2001-09-09T01:46:40.999Z'])))));
    expect(report.findings).toMatchObject([{ kind: 'changed', eventIds: [intended.event?.['id'], settled.event?.['id']] }]);
  });

  test('a hash is edited [S3-22] [S1-18]', async () => {
    await fc.assert(
      fc.asyncProperty(anySealed, async (at) => {
        const report = await verify(rebuild(events.with(at, { ...(events[at] as ExportEvent), leaf: 'ab'.repeat(32) })));
        expect(named(report, 'changed')).toEqual([at]);
      }),
      RUNS,
    );
  });

  test('an event is removed [S3-22] [S1-18]', async () => {
    await fc.assert(
      fc.asyncProperty(anySealed, async (at) => {
        const report = await verify(rebuild(events.toSpliced(at, 1)));
        expect(report.ok).toBe(false);
        expect(named(report, at === sealed.length - 1 ? 'cut_off' : 'removed')).toContain(at);
      }),
      RUNS,
    );
  });

  test('an event is removed and the rest numbered anew [S3-22] [S1-18]', async () => {
    await fc.assert(
      fc.asyncProperty(anySealed, async (at) => {
        const rest = sealed.toSpliced(at, 1).map((event, index) => ({ ...event, index }));
        const report = await verify(rebuild([...rest, ...events.slice(sealed.length)]));
        expect(report.ok).toBe(false);
        expect(named(report).some((index) => index === at || index === sealed.length - 1)).toBe(true);
      }),
      RUNS,
    );
  });

  test('two events change places [S3-22] [S1-18]', async () => {
    await fc.assert(
      fc.asyncProperty(anySealed, anySealed, async (a, b) => {
        fc.pre(a !== b);
        const report = await verify(rebuild(events.with(a, events[b] as ExportEvent).with(b, events[a] as ExportEvent)));
        expect(report.ok).toBe(false);
        const reordered = named(report, 'reordered');
        expect(reordered.includes(a) || reordered.includes(b)).toBe(true);
        expect(named(report, 'changed')).toEqual([]);
        expect(named(report, 'removed')).toEqual([]);
      }),
      RUNS,
    );
  });

  test('two events change places and take each other’s number [S3-22] [S1-18]', async () => {
    await fc.assert(
      fc.asyncProperty(anySealed, anySealed, async (a, b) => {
        fc.pre(a !== b);
        const swapped = events.with(a, { ...(events[b] as ExportEvent), index: a }).with(b, { ...(events[a] as ExportEvent), index: b });
        const report = await verify(rebuild(swapped));
        expect(report.ok).toBe(false);
        expect(named(report).some((index) => index === a || index === b)).toBe(true);
      }),
      RUNS,
    );
  });

  test('the end is cut off [S3-22] [S1-18]', async () => {
    await fc.assert(
      fc.asyncProperty(anySealed, async (kept) => {
        const report = await verify(rebuild(events.slice(0, kept)));
        expect(report.findings.find((finding) => finding.kind === 'cut_off')).toMatchObject({
          indexes: sealed.slice(kept).map((event) => event.index),
        });
      }),
      RUNS,
    );
  });

  test('the file itself is cut [S3-22]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(log.length - 2), async (kept) => {
        expect((await verify(log.slice(0, kept + 1))).ok).toBe(false);
      }),
      RUNS,
    );
  });

  test('an event stands there twice [S3-22]', async () => {
    await fc.assert(
      fc.asyncProperty(anySealed, async (at) => {
        const report = await verify(rebuild(events.toSpliced(at, 0, events[at] as ExportEvent)));
        expect(named(report, 'reordered')).toContain(at);
      }),
      RUNS,
    );
  });

  test('an event that is not sequenced is removed from between others [S3-22]', async () => {
    // The second last event of a subject, so that the last one still points at it.
    const chain = events.filter((event) => String(event.event?.['action']).startsWith('chunk.')).slice(-2);
    const first = events.indexOf(chain[0] as ExportEvent);
    const loose = events.map((event, i) => (i >= first ? { ...event, index: null } : event));
    const shorter = others.filter((record) => record.type !== 'checkpoint');
    const report = await verify(withEnd([...shorter, ...loose.toSpliced(first, 1)]));
    expect(report.findings.some((finding) => finding.kind === 'removed' && finding.message.includes('event 1 of chunk'))).toBe(true);
  });
});

describe('money and gates belong to their events', () => {
  const joined = (change: (record: ExportRecord) => ExportRecord[]) => verify(withEnd(log.flatMap(change)));
  const only = <T extends ExportRecord['type']>(type: T, change: (record: Extract<ExportRecord, { type: T }>) => ExportRecord[]) => {
    let done = false;
    return (record: ExportRecord): ExportRecord[] => {
      if (done || record.type !== type) return [record];
      done = true;
      return change(record as Extract<ExportRecord, { type: T }>);
    };
  };

  test.each([
    ['a transfer is removed', only('transfer', () => [])],
    ['a transfer is changed', only('transfer', (transfer) => [{ ...transfer, amount: '11' }])],
    ['a transfer is made up', only('transfer', (transfer) => [transfer, { ...transfer, id: 'made up', event_id: 'no such event' }])],
    ['a transfer is posted twice', only('transfer', (transfer) => [transfer, { ...transfer, id: 'again' }])],
    ['a gate is removed', only('gate', () => [])],
    ['a gate is of another person', only('gate', (gate) => [{ ...gate, person_id: 'another' }])],
    ['a gate is of another digest', only('gate', (gate) => [{ ...gate, digest: 'ff' }])],
    ['a gate is made up', only('gate', (gate) => [gate, { ...gate, id: 'made up', event_id: 'no such event' }])],
  ])('%s [S1-18]', async (_name, change) => {
    const report = await joined(change);
    expect(report.findings.map((finding) => finding.kind)).toEqual(['unjoined']);
  });

  test('an authenticator beside a gate changes nothing: only the installation can check it', async () => {
    const report = await joined(only('gate', (gate) => [Object.assign({}, gate, { authenticator: 'ab'.repeat(32) })]));
    expect(report.findings).toEqual([]);
  });
});

describe('checkpoints', () => {
  test('a log that was written anew does not fit a checkpoint kept outside [S1-18]', async () => {
    const rewritten = events.map((event, i) => (i === 2 ? rehashed(edited(event, ['request_id', () => 'forged'])) : event));
    const report = await verify(withEnd([...others.filter((record) => record.type !== 'checkpoint'), ...rewritten]), notes.slice(-1));
    expect(report.findings.some((finding) => finding.kind === 'changed' && finding.indexes.includes(2))).toBe(true);
  });

  test('a newer checkpoint kept outside shows that an older copy was exported [S1-18]', async () => {
    const older = others
      .filter((record) => record.type !== 'checkpoint' || record.note === notes[1])
      .map((record) => (record.type === 'header' ? { ...record, size: 5 } : record));
    const books = older.filter((record) => record.type === 'header' || record.type === 'checkpoint');
    const gates = older.filter((record) => record.type === 'gate').slice(0, 3);
    const hold = older.filter((record) => record.type === 'transfer').slice(0, 1);
    const report = await verify(withEnd([...books, ...hold, ...gates, ...events.slice(0, 5)]), notes.slice(-1));
    expect(report.findings.map((finding) => finding.kind)).toEqual(['cut_off']);
  });

  test('a checkpoint signed by another key of the same name proves nothing [S1-18]', async () => {
    const forger = newSigner();
    const forge = (note: string): string => {
      const [origin = '', size = '', root = ''] = note.split('\n');
      return forger.sign({ tenantId: origin.slice(origin.indexOf('/') + 1), generation: 1 }, BigInt(size), Buffer.from(root, 'base64'));
    };
    const forged = others.map((record) => (record.type === 'checkpoint' ? { ...record, note: forge(record.note) } : record));
    expect((await verify(withEnd([...forged, ...events]))).findings.filter((finding) => finding.kind === 'unsigned')).not.toEqual([]);
  });

  test('a checkpoint of another log proves nothing, though the key is right [S1-18]', async () => {
    const foreign = signer.sign({ tenantId: 'another tenant', generation: 1 }, 5n, sha256());
    const report = await verify(log, [foreign]);
    expect(report.findings.map((finding) => finding.kind)).toEqual(['unsigned']);
  });

  test('a checkpoint that says another size than was signed proves nothing [S1-18]', async () => {
    const moved = others.map((record) => (record.type === 'checkpoint' ? { ...record, note: record.note.replace('\n5\n', '\n4\n') } : record));
    expect((await verify(withEnd([...moved, ...events]))).findings.map((finding) => finding.kind)).toEqual(['unsigned']);
  });

  test('a log without checkpoints is not ok [S1-18]', async () => {
    const bare = others
      .filter((record) => record.type !== 'checkpoint')
      .map((record) => (record.type === 'header' ? { ...record, size: 0 } : record));
    expect((await verify(withEnd([...bare, ...events]))).findings.map((finding) => finding.kind)).toEqual(['unsigned']);
  });
});

test('a body that retention dropped is counted, not missed [S1-18]', async () => {
  const settled = events.findIndex((event) => event.event?.['action'] === 'chunk.intend');
  const report = await verify(rebuild(events.with(settled, { ...(events[settled] as ExportEvent), event: null })));
  expect(report).toMatchObject({ ok: true, expired: 1 });
  expect(report.lines.join('\n')).toContain('1 with their body expired');
});
