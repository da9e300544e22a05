import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { ok } from '../../domain/result.js';
import { exportAudit } from '../../operations/audit/export.js';
import { listAuditEvents } from '../../operations/audit/list.js';
import { proveConsistency } from '../../operations/audit/prove-consistency.js';
import { proveInclusion } from '../../operations/audit/prove-inclusion.js';
import { showCheckpoint } from '../../operations/audit/show-checkpoint.js';
import type { Handlers } from '../handlers.js';

type Audit = 'list_audit_events' | 'export_audit' | 'show_checkpoint' | 'prove_inclusion' | 'prove_consistency';

export const audit: Pick<Handlers, Audit> = {
  list_audit_events: listAuditEvents,
  export_audit: async (ctx, _input, { res }) => {
    const records = await exportAudit(ctx);
    if (!records.ok) return records;
    await sendJsonLines(res, records.value);
    return ok(null);
  },
  show_checkpoint: showCheckpoint,
  prove_inclusion: proveInclusion,
  prove_consistency: proveConsistency,
};

/** Streams records as JSON lines, no faster than the reader takes them. A failure midway breaks the connection, so that the reader notices the cut. */
const sendJsonLines = async (res: Response, records: AsyncIterable<unknown>): Promise<void> => {
  res.status(200).type('application/jsonl; charset=utf-8');
  const lines = async function* (): AsyncGenerator<string> {
    for await (const record of records) yield `${JSON.stringify(record)}\n`;
  };
  await pipeline(Readable.from(lines()), res);
};
