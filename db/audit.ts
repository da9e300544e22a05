import { createHash } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import type { Actor } from '../domain/actors.js';
import { type AuditEvent, type AuditSubjectType, auditLeaf } from '../domain/audit/event.js';
import { type Json, type Sha256, toHex } from '../domain/hashing.js';
import type { AuditStore, StoredEvent } from '../operations/stores/audit.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const NO_LEAF = Buffer.alloc(32);

interface EventRow {
  id: string;
  at: Date;
  actor: Actor;
  request_id: string;
  subject_type: AuditSubjectType;
  subject_id: string;
  subject_seq: number;
  previous: Uint8Array;
  action: string;
  result: string;
  detail: { [key: string]: Json };
  leaf: Uint8Array;
  index: bigint | null;
}

/** The audit log of one tenant. Two round trips an event; nobody waits but for writers of the same subject (R17). */
export const auditStore = (tx: Tx, scope: Scope): AuditStore => {
  const { tenantId } = scope;
  const toEvent = (row: EventRow): StoredEvent => ({
    id: row.id,
    tenantId,
    actor: row.actor,
    requestId: row.request_id,
    at: row.at.toISOString(),
    subject: { type: row.subject_type, id: row.subject_id },
    subjectSeq: row.subject_seq,
    previous: toHex(row.previous),
    action: row.action,
    result: row.result,
    detail: row.detail,
    leaf: toHex(row.leaf),
    index: row.index,
  });
  return {
    newId: uuidv7,

    append: async ({ id = uuidv7(), subject, action, result, detail }) => {
      const [head] = await tx.sql.rows<{ seq: number; leaf: Uint8Array }>('set')`
        INSERT INTO audit_head AS h (tenant_id, subject_type, subject_id, seq, leaf)
        VALUES (${tenantId}::uuid, ${subject.type}, ${subject.id}, 1, ${NO_LEAF})
        ON CONFLICT (tenant_id, subject_type, subject_id) DO UPDATE SET seq = h.seq + 1
        RETURNING seq, leaf`;
      if (!head) throw new Error('the head of an audit subject was neither made nor moved');
      // What is hashed is what the database gives back: members without a value are not in it.
      const plain = JSON.parse(JSON.stringify({ actor: scope.actor, detail })) as { actor: Actor; detail: { [key: string]: Json } };
      const event: AuditEvent = {
        id,
        tenantId,
        actor: plain.actor,
        requestId: scope.requestId,
        at: scope.now.toISOString(),
        subject,
        subjectSeq: head.seq,
        previous: toHex(head.leaf),
        action,
        result,
        detail: plain.detail,
      };
      const leaf = Buffer.from(auditLeaf(sha256, event), 'hex');
      await tx.sql.run('set')`
        WITH event AS (
          INSERT INTO audit_event (tenant_id, id, at, actor, request_id, subject_type, subject_id, subject_seq, previous, action, result, detail, leaf)
          VALUES (${tenantId}::uuid, ${id}::uuid, ${event.at}::timestamptz, ${JSON.stringify(plain.actor)}::jsonb, ${scope.requestId},
            ${subject.type}, ${subject.id}, ${head.seq}, ${head.leaf}, ${action}, ${result}, ${JSON.stringify(plain.detail)}::jsonb, ${leaf})
        )
        UPDATE audit_head SET leaf = ${leaf}
        WHERE tenant_id = ${tenantId}::uuid AND subject_type = ${subject.type} AND subject_id = ${subject.id}`;
      return id;
    },

    get: async (id) => {
      const [row] = await tx.sql.rows<EventRow>('set')`
        SELECT e.*, l.index FROM audit_event e LEFT JOIN audit_leaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id
        WHERE e.tenant_id = ${tenantId}::uuid AND e.id = ${id}::uuid`;
      return row ? toEvent(row) : null;
    },

    list: async ({ limit, after, subjectType, subjectId, action }) => {
      const rows = await tx.sql.rows<EventRow>('set')`
        SELECT e.*, l.index FROM audit_event e LEFT JOIN audit_leaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id
        WHERE e.tenant_id = ${tenantId}::uuid
          AND (${after ?? null}::uuid IS NULL OR e.id < ${after ?? null}::uuid)
          AND (${subjectType ?? null}::text IS NULL OR e.subject_type = ${subjectType ?? null})
          AND (${subjectId ?? null}::text IS NULL OR e.subject_id = ${subjectId ?? null})
          AND (${action ?? null}::text IS NULL OR e.action = ${action ?? null})
        ORDER BY e.id DESC LIMIT ${limit + 1}`;
      return { rows: rows.slice(0, limit).map(toEvent), hasMore: rows.length > limit };
    },

    ofBatch: async (batchId, afterIndex, limit) => {
      // A batch's subjects are known by name, so each is one look into the index.
      const rows = await tx.sql.rows<EventRow>('set')`
        SELECT e.*, l.index FROM audit_event e JOIN audit_leaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id
        WHERE e.tenant_id = ${tenantId}::uuid AND l.index > ${afterIndex ?? -1n}
          AND ((e.subject_type = 'batch' AND e.subject_id = ${batchId}) OR (e.subject_type = 'chunk' AND e.subject_id IN (
            SELECT ${batchId}::text || '/' || c.chunk FROM batch_chunk c WHERE c.tenant_id = ${tenantId}::uuid AND c.batch_id = ${batchId}::uuid)))
        ORDER BY l.index LIMIT ${limit}`;
      return rows.map(toEvent);
    },

    exportFrom: async (fromIndex, limit) => {
      // The leaf is the tree's own, so that an event which was changed after it was sealed differs from it.
      const rows = await tx.sql.rows<EventRow>('set')`
        SELECT e.id, e.at, e.actor, e.request_id, e.subject_type, e.subject_id, e.subject_seq, e.previous, e.action, e.result, e.detail, l.leaf, l.index
        FROM audit_leaf l JOIN audit_event e ON e.tenant_id = l.tenant_id AND e.id = l.event_id
        WHERE l.tenant_id = ${tenantId}::uuid AND l.index >= ${fromIndex} AND l.index < ${fromIndex + BigInt(limit)} ORDER BY l.index`;
      return rows.map(toEvent);
    },

    unsequenced: async () => {
      const rows = await tx.sql.rows<EventRow>('set')`
        SELECT e.*, NULL::bigint AS index FROM audit_pending p JOIN audit_event e ON e.tenant_id = p.tenant_id AND e.id = p.event_id
        WHERE p.tenant_id = ${tenantId}::uuid ORDER BY p.position`;
      return rows.map(toEvent);
    },

    hasUnsequenced: async (batchId) => {
      const [row] = await tx.sql.rows<{ found: boolean }>('set')`
        SELECT EXISTS (
          SELECT 1 FROM audit_pending p JOIN audit_event e ON e.tenant_id = p.tenant_id AND e.id = p.event_id
          WHERE p.tenant_id = ${tenantId}::uuid AND ((e.subject_type = 'batch' AND e.subject_id = ${batchId})
            OR (e.subject_type = 'chunk' AND starts_with(e.subject_id, ${`${batchId}/`})))) AS found`;
      return row?.found ?? false;
    },

    tree: async () => {
      const [row] = await tx.sql.rows<{ size: bigint; root: Uint8Array }>(
        'set',
      )`SELECT size, root FROM audit_tree WHERE tenant_id = ${tenantId}::uuid`;
      return row ?? null;
    },

    leaves: async (from, to) => {
      const [row] = await tx.sql.rows<{ leaves: Uint8Array | null }>('set')`
        SELECT string_agg(leaf, ''::bytea ORDER BY index) AS leaves FROM audit_leaf
        WHERE tenant_id = ${tenantId}::uuid AND index >= ${from} AND index < ${to}`;
      return splitLeaves(row?.leaves);
    },

    latestCheckpoint: async () => {
      const [row] = await tx.sql.rows<{ size: bigint; root: Uint8Array; note: string; published_at: Date | null }>('set')`
        SELECT size, root, note, published_at FROM audit_checkpoint WHERE tenant_id = ${tenantId}::uuid ORDER BY size DESC LIMIT 1`;
      return row ? { size: row.size, root: row.root, note: row.note, publishedAt: row.published_at } : null;
    },

    checkpoints: (after, limit) =>
      tx.orm.audit_checkpoint.findMany({
        where: { tenant_id: tenantId, size: { gt: after }, published_at: { not: null } },
        orderBy: { size: 'asc' },
        take: limit,
        select: { size: true, note: true },
      }),

    lag: async () => {
      const [row] = await tx.sql.rows<{ waiting: bigint; oldest_ms: number }>('set')`
        SELECT count(*) AS waiting, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)) * 1000, 0)::float8 AS oldest_ms
        FROM audit_pending WHERE tenant_id = ${tenantId}::uuid`;
      return { waiting: Number(row?.waiting ?? 0n), oldestMs: row?.oldest_ms ?? 0 };
    },
  };
};

/** Leaves that the database concatenated, 32 bytes each. */
export const splitLeaves = (joined: Uint8Array | null | undefined): Uint8Array[] => {
  if (!joined) return [];
  return Array.from({ length: joined.length / 32 }, (_, i) => joined.subarray(i * 32, i * 32 + 32));
};
