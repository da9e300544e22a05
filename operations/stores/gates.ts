import type { Gate } from '../../domain/gate.js';
import { bytes, columns, int, oneOf, type Row, step, time, uuid } from './columns.js';

export const GATE = columns({
  id: uuid('id'),
  batchId: uuid('batch_id'),
  gate: oneOf<Gate>()('gate'),
  contentVersion: int('content_version'),
  digest: bytes('digest'),
  personId: uuid('person_id'),
  challengeId: uuid('challenge_id'),
  factorId: uuid('factor_id'),
  /** The time step of the code that opened it. */
  timeStep: step('time_step'),
  eventId: uuid('event_id'),
  openedAt: time('opened_at'),
});
export type GateRow = Row<typeof GATE>;

export interface GateStore {
  insert(row: Omit<GateRow, 'openedAt'>): Promise<void>;
  /** Gates opened on this content version, oldest first. */
  open(batchId: string, contentVersion: number): Promise<GateRow[]>;
  /** True when all three gates of this version stand under a checkpoint that was published outside the database (R15). */
  underCheckpoint(batchId: string, contentVersion: number): Promise<boolean>;
  /** All gates the batch ever had, voided ones included, oldest first. */
  all(batchId: string): Promise<GateRow[]>;
  /** Gates of the workspace by id, after the given one. */
  inOrder(after: string | null, limit: number): Promise<GateRow[]>;
}
