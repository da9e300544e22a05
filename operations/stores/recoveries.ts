import type { BatchState } from '../../domain/batch/states.js';
import { bigint, columns, int, type Row, time, uuid } from './columns.js';

/** A batch that a restored database takes for unsent, although it may have been paid. */
export const RECOVERY_MARK = columns({
  batchId: uuid('batch_id'),
  /** The proposal to recover that two people stand behind. */
  proposalId: uuid('proposal_id'),
  /** The newest moment that the restored database knows of: bytes may have left at any time since. */
  knownUntil: time('known_until'),
});
export type RecoveryMark = Row<typeof RECOVERY_MARK>;

/** A generation of the tenant's log, after the first. */
export const LOG_GENERATION = columns({
  generation: int('generation'),
  proposalId: uuid('proposal_id'),
  /** How many events of the earlier generations were under a checkpoint that this one goes on from. */
  keptSize: bigint('kept_size'),
});
export type LogGeneration = Row<typeof LOG_GENERATION>;

/** A batch that has not ended in the restored database. */
export interface OpenBatch {
  batchId: string;
  state: BatchState;
  connectionId: string;
  /** The version of its settings that the batch is paid through. */
  connectionVersion: number;
  /** Items that are not terminal, and their sum in minor units. */
  open: number;
  amount: bigint;
}

/** What recovery reads and writes (R15). */
export interface RecoveryStore {
  /**
   * The newest moment that the database knows of for certain: when it last recorded a published checkpoint. The epoch when it never did.
   * What was written to the restored copy since does not count.
   */
  knownUntil(): Promise<Date>;
  /** Batches that have not ended, by id; the ones that are still received are not among them. */
  openBatches(): Promise<OpenBatch[]>;
  /** Every rail connection in every version of its settings, which may be of different accounts. */
  connections(): Promise<{ connectionId: string; version: number }[]>;
  /** Records that the log goes on as this generation. The database refuses one that is not the newest, or not confirmed by two people. */
  startGeneration(row: LogGeneration): Promise<void>;
  /**
   * Pauses an executing batch that has open items, under a confirmed recovery; nothing else may pause one in the worker's name. False when
   * it is paused, is being cancelled, or has nothing open. The caller has locked it.
   */
  pause(batchId: string, reason: string): Promise<boolean>;
  /** Marks a batch. A second mark changes nothing. */
  mark(row: RecoveryMark): Promise<void>;
  /** Null for a batch that is not marked. */
  markOf(batchId: string): Promise<RecoveryMark | null>;
}
