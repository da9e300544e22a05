import { columns, nullable, type Row, text, time, uuid } from './columns.js';

export const STOP = columns({
  id: uuid('id'),
  reason: text('reason'),
  stoppedBy: uuid('stopped_by'),
  stoppedAt: time('stopped_at'),
  liftAskedBy: nullable(uuid('lift_asked_by')),
  liftAskedAt: nullable(time('lift_asked_at')),
});
export type StopRow = Row<typeof STOP>;

/**
 * Stops that people of the workspace make. Each step is written under the workspace's lock (`workspaces.lock`) by the person who acts; the
 * database refuses what is no step of somebody who holds `workspace.stop`.
 */
export interface StopStore {
  /** The one that has not ended; null when there is none. */
  current(): Promise<StopRow | null>;
  begin(stop: { id: string; reason: string; personId: string }): Promise<void>;
  askToLift(id: string, personId: string): Promise<void>;
  /** Nobody asks to lift it any more. */
  keep(id: string): Promise<void>;
  /** Ends it, as the second person. */
  lift(id: string, personId: string): Promise<void>;
}
