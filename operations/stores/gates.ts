import type { Gate } from '../../domain/gate.js';
import type { StoredEvent } from './audit.js';
import { bytes, columns, int, nullable, oneOf, type Row, step, time, uuid } from './columns.js';
import type { ConfirmedPasskey } from './factors.js';
import type { HoldRow } from './holds.js';
import type { Holder } from './memberships.js';

export const GATE = columns({
  id: uuid('id'),
  batchId: uuid('batch_id'),
  gate: oneOf<Gate>()('gate'),
  contentVersion: int('content_version'),
  digest: bytes('digest'),
  personId: uuid('person_id'),
  challengeId: uuid('challenge_id'),
  factorId: uuid('factor_id'),
  /** The time step of the code that opened it; null for one that a passkey opened. */
  timeStep: nullable(step('time_step')),
  // What the passkey signed and its signature (Web Authentication, section 6.3.3); null for one that a code opened.
  authenticatorData: nullable(bytes('authenticator_data')),
  clientData: nullable(bytes('client_data')),
  signature: nullable(bytes('signature')),
  eventId: uuid('event_id'),
  openedAt: time('opened_at'),
  /** HMAC of the gate's canonical form (R11); null for a gate of before authenticators. */
  authenticator: nullable(bytes('authenticator')),
});
export type GateRow = Row<typeof GATE>;

/** A gate, with what the database knows about it besides: `permitted` when its person is an active member now and still may open it. */
export interface StandingGate extends Holder {
  gate: GateRow;
  /** Whether its person prepared the batch, or, of the gates that no such person opens, changed one of its destinations in the 24 hours before (R9). */
  prepared: boolean;
  /** The newest time step of its factor; null when there is no such factor of its person. */
  lastStep: number | null;
  /** Its factor, when that is a passkey of its person, also once it is removed; and the time that its challenge named. */
  passkey: (Omit<ConfirmedPasskey, 'signCount'> & { challengeExpiresAt: Date }) | null;
  /** The event that it names; null when that is none of its batch. */
  event: StoredEvent | null;
  /** The leaf that the audit tree has for this event. */
  treeLeaf: Uint8Array | null;
  /** Whether that leaf is under a checkpoint that was published outside the database (R15). */
  published: boolean;
  /** The hold of its content version. */
  hold: Pick<HoldRow, 'id' | 'amount'> | null;
}

export interface GateStore {
  insert(row: Omit<GateRow, 'openedAt' | 'authenticator'> & { authenticator: Uint8Array }): Promise<void>;
  /** Gates opened on this content version, oldest first. */
  open(batchId: string, contentVersion: number): Promise<GateRow[]>;
  /**
   * Gates opened on the batch's current content, with all that decides whether they let anything pass. Who changed destinations is asked until the first payment of the
   * batch left: neither the gate nor what it opened ever changes, so an answer that let one pass stays true.
   */
  standing(batchId: string): Promise<StandingGate[]>;
  /** All gates the batch ever had, voided ones included, oldest first. */
  all(batchId: string): Promise<GateRow[]>;
  /** Gates of the workspace by id, after the given one. */
  inOrder(after: string | null, limit: number): Promise<GateRow[]>;
}
