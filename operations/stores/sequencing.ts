/** What the sequencer reads and writes. Each call is a transaction of its own, in the sequencer's role (R17, R18). */
export interface SequencingStore {
  /** Tenants whose events wait for their place in the tree. */
  waiting(): Promise<string[]>;
  /**
   * Gives up to `most` waiting events the next leaves of the tenant's tree, in one transaction under the tenant's
   * advisory lock, by compare-and-set of size and root. `busy` when another sequencer holds the lock.
   */
  sequence(tenantId: string, most: number): Promise<{ kind: 'busy' } | { kind: 'sequenced'; count: number; head: TreeHead | null }>;
  /** Committed heads without a published checkpoint, of all tenants. */
  unpublished(): Promise<TreeHead[]>;
  /** Heads of all tenants that have one. */
  heads(): Promise<TreeHead[]>;
  head(tenantId: string): Promise<TreeHead | null>;
  /** Writes down that a checkpoint stands outside the database. Twice is once. */
  recordPublished(head: TreeHead, note: string): Promise<void>;
}

export interface TreeHead {
  tenantId: string;
  size: bigint;
  root: Uint8Array;
}
