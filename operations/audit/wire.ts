import type { z } from 'zod';
import type { auditEvent } from '../../contracts/audit.js';
import { auditBody } from '../../domain/audit/event.js';
import { toWireId } from '../../domain/ids.js';
import type { StoredEvent } from '../stores/audit.js';

export type WireEvent = z.infer<typeof auditEvent>;

/** An audit event in its wire form; `event` is the body that its leaf hashes. */
export const toWireEvent = (event: StoredEvent): WireEvent => ({
  object: 'audit_event',
  id: toWireId('event', event.id),
  at: event.at,
  action: event.action,
  result: event.result,
  index: event.index === null ? null : Number(event.index),
  leaf: event.leaf,
  event: auditBody(event),
});
