import type { Gate } from '../../domain/gate.js';
import { bytes, columns, int, nullable, oneOf, type Row, time, uuid } from './columns.js';

export const CHALLENGE = columns({
  id: uuid('id'),
  batchId: uuid('batch_id'),
  personId: uuid('person_id'),
  gate: oneOf<Gate>()('gate'),
  contentVersion: int('content_version'),
  digest: bytes('digest'),
  expiresAt: time('expires_at'),
  usedAt: nullable(time('used_at')),
  cancelledAt: nullable(time('cancelled_at')),
});
export type ChallengeRow = Row<typeof CHALLENGE>;

export interface ChallengeStore {
  insert(row: Omit<ChallengeRow, 'usedAt' | 'cancelledAt'>): Promise<void>;
  /** The challenge, locked FOR UPDATE; null when there is none. */
  lock(id: string): Promise<ChallengeRow | null>;
  /** Throws an Error when the challenge is no longer open. */
  markUsed(id: string): Promise<void>;
  /** Cancels every open challenge of a batch, which an edit does. */
  cancelOpen(batchId: string): Promise<void>;
  /** All challenges of a batch, by id. */
  ofBatch(batchId: string): Promise<ChallengeRow[]>;
}
