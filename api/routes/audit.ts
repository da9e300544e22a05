import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { ok } from '../../domain/result.js';
import { exportAudit } from '../../operations/audit/export.js';
import { listAuditEvents } from '../../operations/audit/list.js';
import { proveConsistency } from '../../operations/audit/prove-consistency.js';
import { proveInclusion } from '../../operations/audit/prove-inclusion.js';
import { showCheckpoint } from '../../operations/audit/show-checkpoint.js';
import type { ApiDeps } from '../deps.js';
import type { Handlers } from '../handlers.js';
import { atTimes, NoLongerAdmitted, type Recheck } from '../recheck.js';

type Audit = 'list_audit_events' | 'export_audit' | 'show_checkpoint' | 'prove_inclusion' | 'prove_consistency';

export const audit = ({ clock }: Pick<ApiDeps, 'clock'>): Pick<Handlers, Audit> => ({
  list_audit_events: listAuditEvents,
  export_audit: async (ctx, _input, { res }, recheck) => {
    const records = await exportAudit(ctx);
    if (!records.ok) return records;
    await sendJsonLines(res, whileAdmitted(records.value, atTimes(recheck, clock).ifDue));
    return ok(null);
  },
  show_checkpoint: showCheckpoint,
  prove_inclusion: proveInclusion,
  prove_consistency: proveConsistency,
});

/** Ends with an error when the caller may not read any more. */
async function* whileAdmitted(records: AsyncIterable<unknown>, recheck: Recheck): AsyncGenerator<unknown> {
  for await (const record of records) {
    const refusal = await recheck();
    if (refusal) throw new NoLongerAdmitted(refusal);
    yield record;
  }
}

/** Streams records as JSON lines, no faster than the reader takes them. A failure midway breaks the connection, so that the reader notices the cut. */
const sendJsonLines = async (res: Response, records: AsyncIterable<unknown>): Promise<void> => {
  res.status(200).type('application/jsonl; charset=utf-8');
  const lines = async function* (): AsyncGenerator<string> {
    for await (const record of records) yield `${JSON.stringify(record)}\n`;
  };
  await pipeline(Readable.from(lines()), res);
};
