import { createHash } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { type RecordedActor, recordedActor } from '../domain/actors.js';
import { type AuditEvent, auditLeaf } from '../domain/audit/event.js';
import { type Json, type Sha256, toHex } from '../domain/hashing.js';
import { AUDIT_EVENT, type AuditEventRow, type AuditStore, CHECKPOINT, type StoredEvent } from '../operations/stores/audit.js';
import { membersOf } from '../operations/stores/columns.js';
import type { audit_checkpoint, audit_event } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import type { Sql } from './transaction/sql.js';
import { tableOf } from './transaction/table.js';

const events = tableOf<audit_event>()(AUDIT_EVENT);
const checkpoints = tableOf<audit_checkpoint>()(CHECKPOINT);
const EVENT_MEMBERS = membersOf(AUDIT_EVENT);

/** An event as SQL gives it, with its place in the tree. */
interface Indexed {
  index: bigint | null;
}

const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const NO_LEAF = Buffer.alloc(32);

/** A row of the log as an event, with its place in the tree. */
export const storedEvent = (tenantId: string, row: AuditEventRow, index: bigint | null): StoredEvent => ({
  id: row.id,
  tenantId,
  actor: row.actor,
  requestId: row.requestId,
  at: row.at.toISOString(),
  subject: { type: row.subjectType, id: row.subjectId },
  subjectSeq: row.subjectSeq,
  previous: toHex(row.previous),
  action: row.action,
  result: row.result,
  detail: row.detail,
  leaf: toHex(row.leaf),
  index,
});

/** The audit log of one tenant. An event takes two round trips, and only writers of the same subject wait for it (R17). */
export const auditStore = ({ orm, sql }: Tx, { tenantId, actor, requestId, now }: Scope): AuditStore => {
  const toEvent = (stored: Indexed): StoredEvent => storedEvent(tenantId, events.row(stored), stored.index);
  return {
    newId: uuidv7,

    append: async ({ id = uuidv7(), subject, action, result, detail }) => {
      const head = await sql.row<{ seq: number; leaf: Uint8Array }>('conflict')`
        INSERT INTO audit_head AS h (tenant_id, subject_type, subject_id, seq, leaf)
        VALUES (${tenantId}::uuid, ${subject.type}, ${subject.id}, 1, ${NO_LEAF})
        ON CONFLICT (tenant_id, subject_type, subject_id) DO UPDATE SET seq = h.seq + 1
        RETURNING seq, leaf`;
      if (!head) throw new Error(`the head of audit subject ${subject.type} ${subject.id} was neither inserted nor updated`);
      // Hashes what the database will give back: JSON drops members without a value.
      const plain = JSON.parse(JSON.stringify({ actor: recordedActor(actor), detail })) as { actor: RecordedActor; detail: { [key: string]: Json } };
      const { seq: subjectSeq, leaf: previous } = head;
      const event: AuditEvent = {
        ...{ id, tenantId, actor: plain.actor, requestId, at: now.toISOString(), subject, subjectSeq },
        ...{ previous: toHex(previous), action, result, detail: plain.detail },
      };
      const leaf = Buffer.from(auditLeaf(sha256, event), 'hex');
      const row = {
        ...{ id, at: now, actor: plain.actor, requestId, subjectType: subject.type, subjectId: subject.id, subjectSeq },
        ...{ previous, action, result, detail: plain.detail, leaf },
      };
      await sql.run('hot')`
        WITH event AS (
          INSERT INTO audit_event (tenant_id, ${events.names(EVENT_MEMBERS)}) VALUES (${tenantId}::uuid, ${events.values(EVENT_MEMBERS, row)})
        )
        UPDATE audit_head SET leaf = ${leaf}
        WHERE tenant_id = ${tenantId}::uuid AND subject_type = ${subject.type} AND subject_id = ${subject.id}`;
      return id;
    },

    get: async (id) => {
      const row = await sql.row<Indexed>('join')`
        SELECT ${events.list('e')}, l.index FROM audit_event e LEFT JOIN audit_leaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id
        WHERE e.tenant_id = ${tenantId}::uuid AND e.id = ${id}::uuid`;
      return row && toEvent(row);
    },

    list: async ({ limit, after, subjectType, subjectId, action }) => {
      const rows = await sql.rows<Indexed>('join')`
        SELECT ${events.list('e')}, l.index FROM audit_event e LEFT JOIN audit_leaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id
        WHERE e.tenant_id = ${tenantId}::uuid
          AND (${after ?? null}::uuid IS NULL OR e.id < ${after ?? null}::uuid)
          AND (${subjectType ?? null}::text IS NULL OR e.subject_type = ${subjectType ?? null})
          AND (${subjectId ?? null}::text IS NULL OR e.subject_id = ${subjectId ?? null})
          AND (${action ?? null}::text IS NULL OR e.action = ${action ?? null})
        ORDER BY e.id DESC LIMIT ${limit + 1}`;
      return pageOf(rows, limit, toEvent);
    },

    ofBatch: async (batchId, afterIndex, limit) => {
      // The subjects of a batch are known by name, so each is one look into the index.
      const rows = await sql.rows<Indexed>('join')`
        SELECT ${events.list('e')}, l.index FROM audit_event e JOIN audit_leaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id
        WHERE e.tenant_id = ${tenantId}::uuid AND l.index > ${afterIndex ?? -1n}
          AND ((e.subject_type = 'batch' AND e.subject_id = ${batchId}) OR (e.subject_type = 'chunk' AND e.subject_id IN (
            SELECT ${batchId}::text || '/' || c.chunk FROM batch_chunk c WHERE c.tenant_id = ${tenantId}::uuid AND c.batch_id = ${batchId}::uuid)))
        ORDER BY l.index LIMIT ${limit}`;
      return rows.map(toEvent);
    },

    exportFrom: async (fromIndex, limit) => {
      // The leaf comes from the tree, so that it differs from an event that was changed after it was sequenced.
      const rows = await sql.rows<Indexed & { tree_leaf: Uint8Array }>('join')`
        SELECT ${events.list('e')}, l.leaf AS tree_leaf, l.index FROM audit_leaf l JOIN audit_event e ON e.tenant_id = l.tenant_id AND e.id = l.event_id
        WHERE l.tenant_id = ${tenantId}::uuid AND l.index >= ${fromIndex} AND l.index < ${fromIndex + BigInt(limit)} ORDER BY l.index`;
      return rows.map((row) => Object.assign(toEvent(row), { leaf: toHex(row.tree_leaf) }));
    },

    unsequenced: async () => {
      const rows = await sql.rows<Indexed>('join')`
        SELECT ${events.list('e')}, NULL::bigint AS index FROM audit_pending p JOIN audit_event e ON e.tenant_id = p.tenant_id AND e.id = p.event_id
        WHERE p.tenant_id = ${tenantId}::uuid ORDER BY p.position`;
      return rows.map(toEvent);
    },

    hasUnsequenced: async (batchId) => {
      const row = await sql.row<{ found: boolean }>('join')`
        SELECT EXISTS (
          SELECT 1 FROM audit_pending p JOIN audit_event e ON e.tenant_id = p.tenant_id AND e.id = p.event_id
          WHERE p.tenant_id = ${tenantId}::uuid AND ((e.subject_type = 'batch' AND e.subject_id = ${batchId})
            OR (e.subject_type = 'chunk' AND starts_with(e.subject_id, ${`${batchId}/`})))) AS found`;
      return row?.found ?? false;
    },

    generation: () => generationOf({ orm }, tenantId),

    tree: () => orm.audit_tree.findUnique({ where: { tenant_id: tenantId }, select: { size: true, root: true } }),

    leaves: (from, to) => leavesOf(sql, tenantId, from, to),

    latestCheckpoint: async () => {
      const row = await orm.audit_checkpoint.findFirst({ where: { tenant_id: tenantId }, orderBy: { size: 'desc' } });
      return row && checkpoints.row(row);
    },

    checkpoints: (after, limit) =>
      orm.audit_checkpoint.findMany({
        where: { tenant_id: tenantId, size: { gt: after }, published_at: { not: null } },
        orderBy: { size: 'asc' },
        take: limit,
        select: { size: true, note: true },
      }),

    lag: async () => {
      const row = await sql.row<{ waiting: bigint; oldest_ms: number }>('clock')`
        SELECT count(*) AS waiting, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)) * 1000, 0)::float8 AS oldest_ms
        FROM audit_pending WHERE tenant_id = ${tenantId}::uuid`;
      return { waiting: Number(row?.waiting ?? 0n), oldestMs: row?.oldest_ms ?? 0 };
    },
  };
};

/** The generation of a tenant's log, in a transaction that is bound to the tenant. */
export const generationOf = async ({ orm }: Pick<Tx, 'orm'>, tenantId: string): Promise<number> => {
  const { _max } = await orm.log_generation.aggregate({ where: { tenant_id: tenantId }, _max: { generation: true } });
  return _max.generation ?? 1;
};

const HASH_BYTES = 32;

/** Leaf hashes [from, to) of a tenant that the transaction is bound to, in order. */
export const leavesOf = async (sql: Sql, tenantId: string, from: bigint, to: bigint): Promise<Uint8Array[]> => {
  const row = await sql.row<{ leaves: Uint8Array | null }>('set')`
    SELECT string_agg(leaf, ''::bytea ORDER BY index) AS leaves FROM audit_leaf
    WHERE tenant_id = ${tenantId}::uuid AND index >= ${from} AND index < ${to}`;
  const joined = row?.leaves ?? new Uint8Array();
  return Array.from({ length: joined.length / HASH_BYTES }, (_, i) => joined.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
};
