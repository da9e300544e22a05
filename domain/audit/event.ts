import type { RecordedActor } from '../actors.js';
import { canonicalBytes, type Json, leafHash, type Sha256, toHex } from '../hashing.js';

/** What an audit event is about. A chunk is a subject of its own, so that chunks that run in parallel share no head. */
export const AUDIT_SUBJECTS = [
  'workspace',
  'batch',
  'chunk',
  'payee',
  'account',
  'api_key',
  'signing_key',
  'session',
  'person',
  'connection',
] as const;
export type AuditSubjectType = (typeof AUDIT_SUBJECTS)[number];

export interface AuditSubject {
  type: AuditSubjectType;
  /** UUID; of a chunk `batchId/chunkNumber`. */
  id: string;
}

/** An event as an operation writes it. It holds ids, counts, hashes and codes, and never personal data. */
export interface AuditEntry {
  subject: AuditSubject;
  /** Noun and imperative verb: `batch.create`, `gate.approve`, `chunk.settle`. Wire format: a name never changes. */
  action: string;
  /** `ok`, or the problem code of a refused attempt. */
  result: string;
  detail: { [key: string]: Json };
}

/** An entry as it is stored, with its place in the chain of its subject. */
export interface AuditEvent extends AuditEntry {
  id: string;
  tenantId: string;
  actor: RecordedActor;
  requestId: string;
  /** RFC 3339 with milliseconds, database clock. */
  at: string;
  subjectSeq: number;
  /** Leaf hash of the same subject's previous event, hex; 64 zeros for the first. */
  previous: string;
}

export const FIRST_PREVIOUS = '0'.repeat(64);

/** The first member of a leaf's canonical form. Verifiers accept every released version (R23). */
export const AUDIT_VERSION = 'sluice-audit-v1';

/** Everything that an event says, as it is hashed, exported and shown. Its members are wire format and never change. */
export const auditBody = (event: AuditEvent): { [key: string]: Json } => ({
  domain: AUDIT_VERSION,
  id: event.id,
  tenant_id: event.tenantId,
  actor: event.actor as unknown as Json,
  request_id: event.requestId,
  at: event.at,
  subject: { type: event.subject.type, id: event.subject.id },
  subject_seq: event.subjectSeq,
  previous: event.previous,
  action: event.action,
  result: event.result,
  detail: event.detail,
});

/** Leaf hash of a canonical body, hex: RFC 6962 leaf hash over its RFC 8785 bytes. */
export const bodyLeaf = (sha256: Sha256, body: Json): string => toHex(leafHash(sha256, canonicalBytes(body)));

/** The leaf of an event (R17). */
export const auditLeaf = (sha256: Sha256, event: AuditEvent): string => bodyLeaf(sha256, auditBody(event));
