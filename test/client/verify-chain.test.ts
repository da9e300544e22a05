import { expect, test } from '@jest/globals';
import { verifyAudit } from '../../client/verify/audit.js';
import { bodyLeaf } from '../../domain/audit/event.js';
import type { ExportEvent } from '../../domain/audit/export.js';
import type { Json } from '../../domain/hashing.js';
import { sampleLog, sha256, signer, toLines, withEnd } from './sample-log.js';

/** Before an event has its leaf in the signed tree, only the chain of its subject shows an edit. */
const log = sampleLog(2, 6);
const waiting = log.filter((record): record is ExportEvent => record.type === 'event' && record.index === null);
const subjectOf = (event: ExportEvent) => JSON.stringify((event.event as { subject: Json }).subject);
const followed = waiting.filter((event, i) => waiting.slice(i + 1).some((later) => subjectOf(later) === subjectOf(event)));

test('an event that is not sequenced is edited together with its hash: its successor names another one [S3-22] [S1-18]', async () => {
  expect(followed.length).toBeGreaterThan(1);
  for (const target of followed) {
    const event = { ...(target.event as { [key: string]: Json }), request_id: 'forged' };
    const forged: ExportEvent = { ...target, event, leaf: bodyLeaf(sha256, event) };
    const report = await verifyAudit(toLines(withEnd(log.map((record) => (record === target ? forged : record)))), {
      verifierKey: signer.verifierKey,
    });
    expect(report.findings.map(({ kind }) => kind)).toEqual(['changed']);
    expect(report.findings[0]?.eventIds).toContain(event['id' as keyof typeof event]);
  }
});
