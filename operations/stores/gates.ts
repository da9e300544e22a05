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
}

export interface GateRow {
  id: string;
  batchId: string;
  gate: Gate;
  contentVersion: number;
  digest: Uint8Array;
  personId: string;
  challengeId: string;
  factorId: string;
  timeStep: number;
  eventId: string;
  openedAt: Date;
}

export interface GateStore {
  insert(row: Omit<GateRow, 'openedAt'>): Promise<void>;
  get(id: string): Promise<GateRow | null>;
  /** Gates opened on this content version, oldest first. */
  open(batchId: string, contentVersion: number): Promise<GateRow[]>;
  /** True when all three gates of this version stand under a checkpoint that was published outside the database (R15). */
  underCheckpoint(batchId: string, contentVersion: number): Promise<boolean>;
  /** All gates the batch ever had, voided ones included. */
  all(batchId: string): Promise<GateRow[]>;
}
