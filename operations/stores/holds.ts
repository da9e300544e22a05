export interface HoldRow {
  id: string;
  batchId: string;
  contentVersion: number;
  accountId: string;
  currency: string;
  amount: bigint;
  remaining: bigint;
  resolvedAt: Date | null;
}

export interface HoldStore {
  insert(row: Omit<HoldRow, 'remaining' | 'resolvedAt'>): Promise<void>;
  /** The batch's live hold, locked FOR UPDATE. */
  lockLive(batchId: string): Promise<HoldRow | null>;
  ofBatch(batchId: string): Promise<HoldRow[]>;
  /** Takes `amount` off what remains; at zero the hold is resolved. */
  reduce(holdId: string, amount: bigint): Promise<void>;
}
