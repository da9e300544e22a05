import { columns, type Row, time, uuid } from './columns.js';

export const FACTOR_RESET = columns({
  id: uuid('id'),
  /** Whose factors. */
  personId: uuid('person_id'),
  proposedBy: uuid('proposed_by'),
  createdAt: time('created_at'),
  expiresAt: time('expires_at'),
});
export type FactorResetRow = Row<typeof FACTOR_RESET>;

/** Resets of somebody's second factors, asked for in this workspace. */
export interface FactorResetStore {
  /** Whether the person who acts holds, in every workspace of this person, all that they hold there. */
  covers(personId: string): Promise<boolean>;
  /** Puts a reset in the place of one of the same person that waits. Who asks has consumed a time step in this transaction. */
  ask(row: Pick<FactorResetRow, 'id' | 'personId' | 'proposedBy'>, forMs: number): Promise<FactorResetRow>;
  /** The one that waits for its second person, locked; null when there is none. */
  lockWaiting(personId: string): Promise<FactorResetRow | null>;
  /** Carries it out as its second person, who has consumed a time step in this transaction. How many sessions it ended; null when it waits no more. */
  carryOut(resetId: string): Promise<number | null>;
}
