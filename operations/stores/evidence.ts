import type { ItemState } from '../../domain/item/states.js';
import type { ChallengeRow } from './challenges.js';
import type { GateRow } from './gates.js';
import type { TransferRow } from './transfers.js';
import type { TransitionSource } from './transitions.js';

/** What an auditor takes away: the append-only rows, oldest first, in pages. Only reads. */
export interface EvidenceStore {
  /** Published checkpoints larger than `after`, by size. */
  checkpoints(after: bigint, limit: number): Promise<{ size: bigint; note: string }[]>;
  /** Every transfer of the workspace, by id. */
  transfers(after: string | null, limit: number): Promise<PostedTransfer[]>;
  /** Every gate of the workspace, by id. */
  gates(after: string | null, limit: number): Promise<GateRow[]>;
  transfersOf(batchId: string, after: string | null, limit: number): Promise<PostedTransfer[]>;
  challengesOf(batchId: string): Promise<ChallengeRow[]>;
  preparersOf(batchId: string): Promise<{ personId: string; deed: string; createdAt: Date }[]>;
  attemptsOf(batchId: string): Promise<AttemptEvidence[]>;
  /** By ordinal and version, after the given place. */
  transitionsOf(batchId: string, after: { ordinal: number; version: number } | null, limit: number): Promise<TransitionEvidence[]>;
}

export interface PostedTransfer extends TransferRow {
  itemVersion: number | null;
}

export interface AttemptEvidence {
  chunk: number;
  attempt: number;
  connectionId: string;
  rendererVersion: number;
  requestHash: Uint8Array;
  itemCount: number;
  leaseUntil: Date;
  createdAt: Date;
}

export interface TransitionEvidence {
  ordinal: number;
  version: number;
  from: ItemState;
  to: ItemState;
  rank: number;
  source: TransitionSource;
  inboundId: string | null;
  providerReference: string | null;
  reason: string | null;
  eventId: string;
  createdAt: Date;
}
