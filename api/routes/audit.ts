import { ok } from '../../domain/result.js';
import { exportAudit } from '../../operations/audit/export.js';
import { listAuditEvents } from '../../operations/audit/list.js';
import { proveConsistency } from '../../operations/audit/prove-consistency.js';
import { proveInclusion } from '../../operations/audit/prove-inclusion.js';
import { showCheckpoint } from '../../operations/audit/show-checkpoint.js';
import type { Handlers } from '../handlers.js';
import { sendJsonLines } from '../json-lines.js';

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
