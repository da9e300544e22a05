import type { EvidenceOutcome } from '../../domain/item/evidence.js';

export interface ParkedRow {
  id: string;
  connectionId: string;
  paymentKey: string;
  outcome: EvidenceOutcome;
  rank: number;
  amount: bigint | null;
  currency: string | null;
  providerReference: string | null;
  reason: string;
  inboundId: string | null;
}

export interface ParkedEvidenceStore {
  /** Keeps what is not kept already, unresolved. Answers the ids of what is new. */
  park(rows: readonly ParkedRow[]): Promise<ReadonlySet<string>>;
  /** Unresolved ones that now name an item of this connection which was sent. */
  due(limit: number): Promise<ParkedRow[]>;
  resolve(ids: readonly string[]): Promise<void>;
}
