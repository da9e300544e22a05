import { AUDIT_VERSION, bodyLeaf } from '../../domain/audit/event.js';
import type { Json } from '../../domain/hashing.js';
import type { subjectChains } from './chains.js';
import { sha256 } from './crypto.js';
import type { Findings } from './findings.js';

/** The body of an audit event, as far as verifiers read it. */
export interface EventBody {
  domain: string;
  id: string;
  tenant_id: string;
  at: string;
  actor: Json;
  subject: { type: string; id: string };
  subject_seq: number;
  previous: string;
  action: string;
  result: string;
  detail: { [key: string]: Json };
}

/** A record of an event, in an export or in a proof. */
interface EventRecord {
  index: number | null;
  leaf: string;
  event: { [key: string]: Json };
}

/** What a finding about this event names. */
export const aboutEvent = ({ index, event }: Pick<EventRecord, 'index' | 'event'>): { eventIds: string[]; indexes: number[] } => ({
  eventIds: [String(event['id'])],
  indexes: index === null ? [] : [index],
});

/**
 * Checks one event against its leaf, the tenant of its log and the chain of its subject (R17). Returns its body, or null when the
 * body is not what the leaf was made of: then nothing in it can be trusted.
 */
export const checkEvent = (
  record: EventRecord,
  { tenantId, chains, findings }: { tenantId: string | undefined; chains: ReturnType<typeof subjectChains>; findings: Findings },
): EventBody | null => {
  const { index, leaf } = record;
  const body = record.event as unknown as EventBody;
  const about = aboutEvent(record);
  const name = `event ${body.id} (${index === null ? 'not yet sequenced' : `index ${index}`})`;
  const ownLeaf = bodyLeaf(sha256, record.event);
  if (ownLeaf !== leaf) {
    findings.add('changed', `${name} was changed; it now reads ${body.action} of ${body.subject?.type} ${body.subject?.id}`, about);
    // Its place in the chain is unknown now. The event that follows names one of these two leaves.
    chains.expire(leaf);
    chains.expire(ownLeaf);
    return null;
  }
  if (body.domain !== AUDIT_VERSION) findings.add('malformed', `${name} has the unknown version ${body.domain}`, about);
  if (body.tenant_id !== tenantId) findings.add('malformed', `${name} belongs to another tenant`, about);
  chains.see({ id: body.id, index, subject: `${body.subject.type} ${body.subject.id}`, seq: body.subject_seq, previous: body.previous, leaf });
  return body;
};
