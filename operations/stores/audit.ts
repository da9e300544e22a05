import type { RecordedActor } from '../../domain/actors.js';
import type { AuditEntry, AuditEvent, AuditSubjectType } from '../../domain/audit/event.js';
import type { Json } from '../../domain/hashing.js';
import { bigint, bytes, columns, int, json, nullable, oneOf, type Row, text, time, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';
import type { TreeHead } from './sequencing.js';

export const AUDIT_EVENT = columns({
  id: uuid('id'),
  at: time('at'),
  actor: json<RecordedActor>()('actor'),
  requestId: text('request_id'),
  subjectType: oneOf<AuditSubjectType>()('subject_type'),
  subjectId: text('subject_id'),
  subjectSeq: int('subject_seq'),
  previous: bytes('previous'),
  action: text('action'),
  result: text('result'),
  detail: json<{ [key: string]: Json }>()('detail'),
  leaf: bytes('leaf'),
});
export type AuditEventRow = Row<typeof AUDIT_EVENT>;

export const CHECKPOINT = columns({
  /** How many leaves of the tenant's tree it covers. */
  size: bigint('size'),
  root: bytes('root'),
  /** The signed note as it was published. */
  note: text('note'),
  publishedAt: nullable(time('published_at')),
  /** The generation of the log that it was signed in. */
  generation: int('generation'),
});
export type CheckpointRow = Row<typeof CHECKPOINT>;

export interface AuditStore {
  /**
   * Writes the event in this transaction, chained to its subject's previous event. Locks the subject's head until the
   * transaction ends, so append last. Takes actor, tenant, request and time from the transaction. Returns the event's id.
   * Pass `id` when other rows of the transaction name the event before it is written.
   */
  append(entry: AuditEntry & { id?: string }): Promise<string>;
  /** A new event id, for `append` later in this transaction. */
  newId(): string;
  get(id: string): Promise<StoredEvent | null>;
  list(page: PageQuery & AuditFilter): Promise<Page<StoredEvent>>;
  /** Sequenced events of a batch and its chunks whose leaf comes after `afterIndex`, by leaf. */
  ofBatch(batchId: string, afterIndex: bigint | null, limit: number): Promise<StoredEvent[]>;
  /** The events of `limit` leaves from `fromIndex`, with the leaf that the tree holds. */
  exportFrom(fromIndex: bigint, limit: number): Promise<StoredEvent[]>;
  /** Events that have no leaf yet, in the order in which they get theirs. */
  unsequenced(): Promise<StoredEvent[]>;
  /** Does an event of this batch or its chunks still wait for its leaf? */
  hasUnsequenced(batchId: string): Promise<boolean>;
  /** The head of the tenant's tree; null before the first leaf. */
  tree(): Promise<Pick<TreeHead, 'size' | 'root'> | null>;
  /** The generation of the tenant's log, from 1. */
  generation(): Promise<number>;
  /** Leaf hashes [from, to), 32 bytes each. */
  leaves(from: bigint, to: bigint): Promise<Uint8Array[]>;
  latestCheckpoint(): Promise<CheckpointRow | null>;
  /** Published checkpoints larger than `after`, by size. */
  checkpoints(after: bigint, limit: number): Promise<Pick<CheckpointRow, 'size' | 'note'>[]>;
  /** How many events wait for the sequencer, and how long the oldest has waited (ms). */
  lag(): Promise<{ waiting: number; oldestMs: number }>;
}

export interface AuditFilter {
  subjectType?: string | undefined;
  subjectId?: string | undefined;
  action?: string | undefined;
}

export interface StoredEvent extends AuditEvent {
  /** Hex. */
  leaf: string;
  /** Place in the tenant's tree; null until the event is sequenced. */
  index: bigint | null;
}
