import type { Actor, RecordedActor } from '../../domain/actors.js';

/** What the stores of one transaction write with every row: whose it is, who acts, in which request, and when. */
export interface Scope {
  tenantId: string;
  actor: Actor | RecordedActor;
  requestId: string;
  /** Start of the transaction on the database's clock. */
  now: Date;
}
