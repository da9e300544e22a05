import type { Gate } from '../../domain/gate/rules.js';

export interface ChallengeRow {
  id: string;
  batchId: string;
  personId: string;
  gate: Gate;
  contentVersion: number;
  digest: Uint8Array;
  expiresAt: Date;
  usedAt: Date | null;
  cancelledAt: Date | null;
}

export interface ChallengeStore {
  insert(row: Omit<ChallengeRow, 'usedAt' | 'cancelledAt'>): Promise<void>;
  /** FOR UPDATE. */
  lock(id: string): Promise<ChallengeRow | null>;
  markUsed(id: string): Promise<void>;
  /** Cancels every open challenge of a batch (an edit does it). */
  cancelOpen(batchId: string): Promise<void>;
  /** All challenges of a batch, by id. */
  ofBatch(batchId: string): Promise<ChallengeRow[]>;
}
