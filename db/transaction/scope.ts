import type { Actor } from '../../domain/actors.js';

/** What every store of one transaction knows. */
export interface Scope {
  tenantId: string;
  actor: Actor;
  requestId: string;
  /** Transaction start, database clock. */
  now: Date;
}
