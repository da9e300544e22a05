import { bigint, byteStrings, bytes, columns, type Row, uuid } from './columns.js';

const HEAD_COLUMNS = {
  tenantId: uuid('tenant_id'),
  /** How many leaves the tree has. */
  size: bigint('size'),
  root: bytes('root'),
} as const;
export const TREE_HEAD = columns(HEAD_COLUMNS);

/** A tree head, and the generation of the log that it is signed in. */
export interface TreeHead extends Row<typeof TREE_HEAD> {
  generation: number;
}

/** The tree of a tenant's audit log. */
export const TREE = columns({
  ...HEAD_COLUMNS,
  /** Roots of the perfect subtrees of `size`, largest first. */
  frontier: byteStrings('frontier'),
});
export type TreeRow = Row<typeof TREE>;

/** What the sequencer reads and writes. Each call is a transaction of its own, in the sequencer's role (R17, R18). */
export interface SequencingStore {
  /** Tenants that have events without a leaf, the longest wait first. */
  waiting(): Promise<string[]>;
  /**
   * Gives up to `limit` waiting events the next leaves of the tenant's tree, in one transaction under the tenant's advisory
   * lock. `busy` when another sequencer holds the lock. Throws when the stored tree contradicts itself or changes under the lock.
   */
  sequence(tenantId: string, limit: number): Promise<{ kind: 'busy' } | { kind: 'sequenced'; count: number; head: TreeHead | null }>;
  /** Committed heads of all tenants that have no published checkpoint. */
  unpublished(): Promise<TreeHead[]>;
  /** Heads of all tenants that have one. */
  heads(): Promise<TreeHead[]>;
  head(tenantId: string): Promise<TreeHead | null>;
  /** Records that a checkpoint was published outside the database. A second call changes nothing. */
  recordPublished(head: TreeHead, note: string): Promise<void>;
}
