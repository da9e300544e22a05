import type { Gate } from '../../domain/gate/rules.js';

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
  /** Every gate of the workspace, by id, after the given one. */
  inOrder(after: string | null, limit: number): Promise<GateRow[]>;
}
