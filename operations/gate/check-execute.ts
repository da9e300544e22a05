import { type Permission, ROLES } from '../../domain/actors.js';
import { GATE_PERMISSION } from '../../domain/gate.js';
import { type Refusal, refuse } from '../../domain/result.js';
import type { Stores } from '../ports.js';
import type { GateRow } from '../stores/gates.js';

/** Past this age of the oldest event without a place in the tree, nothing new is released (R17). */
const AUDIT_LAG_MAX_MS = 60_000;

/** What closes execute although the person may open it: an earlier holder who left, or a log that is behind. */
export const executeRefusal = async (stores: Stores, opened: readonly GateRow[]): Promise<Refusal | null> => {
  for (const { gate, personId } of opened) {
    const role = await stores.memberships.roleOf(personId);
    if (role === null || !(ROLES[role] as readonly Permission[]).includes(GATE_PERMISSION[gate]))
      return refuse('gate_holder_inactive', `Who opened ${gate} may not any more. Reject the batch, or edit it so that its gates are opened anew.`, {
        extra: { gate },
      }).refusal;
  }
  const { oldestMs } = await stores.audit.lag();
  if (oldestMs <= AUDIT_LAG_MAX_MS) return null;
  return refuse('audit_behind', 'The audit log has not caught up; see whether the worker runs, and try again.', {
    extra: { oldest_seconds: Math.round(oldestMs / 1000) },
  }).refusal;
};
