import type { AuditEntry, AuditEvent } from '../../domain/audit/event.js';
import type { Page, PageQuery } from './page.js';

export interface AuditStore {
  /**
   * Writes the event in this transaction, chained to its subject's previous one. Locks the subject's head until
   * the end, so append last. Actor, tenant, request and time come from the transaction. Returns the event's id.
   * Pass `id` when other rows of the transaction have to name the event before it is written.
   */
  append(entry: AuditEntry & { id?: string }): Promise<string>;
  /** A new event id, to be passed to `append` later in this transaction. */
  newId(): string;
  get(id: string): Promise<StoredEvent | null>;
  list(page: PageQuery & AuditFilter): Promise<Page<StoredEvent>>;
  /** Events of a batch (its own and its chunks') with a leaf, after `afterIndex`, by leaf index: numbered after commit. */
  ofBatch(batchId: string, afterIndex: bigint | null, limit: number): Promise<StoredEvent[]>;
  /** Every leaf from `fromIndex` in order, then, when `unsealed`, events without a leaf. For exports; pages of `limit`. */
  exportFrom(fromIndex: bigint, limit: number): Promise<StoredEvent[]>;
  unsequenced(): Promise<StoredEvent[]>;
  /** Does an event of this batch (its own or its chunks') wait for its leaf? */
  hasUnsequenced(batchId: string): Promise<boolean>;
  tree(): Promise<{ size: bigint; root: Uint8Array } | null>;
  leaves(from: bigint, to: bigint): Promise<Uint8Array[]>;
  latestCheckpoint(): Promise<{ size: bigint; root: Uint8Array; note: string; publishedAt: Date | null } | null>;
  /** Published checkpoints larger than `after`, by size. */
  checkpoints(after: bigint, limit: number): Promise<{ size: bigint; note: string }[]>;
  /** How many events wait for the sequencer, and for how long the oldest has (ms). */
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
  /** Place in the tenant's tree; null while not sealed. */
  index: bigint | null;
}
