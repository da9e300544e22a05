export interface InboundRow {
  id: string;
  connectionId: string;
  providerEventId: string;
  sealedBody: Uint8Array;
  attempts: number;
}

export interface InboundEventStore {
  /** False when this provider event was stored before. */
  insert(row: Omit<InboundRow, 'attempts'>): Promise<boolean>;
  /** Due deliveries, oldest first, leased: nobody else gets them for `leaseMs`. */
  claimDue(limit: number, leaseMs: number): Promise<InboundRow[]>;
  markReduced(ids: readonly string[]): Promise<void>;
  markFailed(id: string, problem: string, nextMs: number): Promise<void>;
  /** Makes deliveries due again; returns how many. */
  replay(filter: { connectionId: string; since?: Date | undefined; id?: string | undefined }): Promise<number>;
}
