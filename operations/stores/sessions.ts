import { columns, flag, nullable, type Row, text, time, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';

export const SESSION = columns({
  id: uuid('id'),
  personId: uuid('person_id'),
  tenantId: uuid('tenant_id'),
  createdAt: time('created_at'),
  expiresAt: time('expires_at'),
  /** The program that it was opened with, as it names itself; null when it did not, or before this was kept. */
  device: nullable(text('device')),
  /** Where it was opened from: an IPv4 /24 or an IPv6 /48. */
  network: nullable(text('network')),
  lastUsedAt: nullable(time('last_used_at')),
  /** Whether a code was given. In one without, some permissions sleep. */
  withFactor: flag('with_factor'),
});
export type SessionRow = Row<typeof SESSION>;

/** Sessions of the person who acts, in any workspace: nobody sees those of others (ADR 0064). */
export interface SessionStore {
  /** Opens one in this workspace. `tokenHash` is the stored hash of the token; no store reads it back. */
  insert(
    row: Pick<SessionRow, 'id' | 'personId' | 'expiresAt' | 'withFactor'> &
      Partial<Pick<SessionRow, 'device' | 'network'>> & { tokenHash: Uint8Array },
  ): Promise<void>;
  /** Null when the person has no such session. */
  get(sessionId: string): Promise<SessionRow | null>;
  /** A page of those that have not ended, newest first. */
  list(page: PageQuery): Promise<Page<SessionRow>>;
  /** True when it was still open. */
  end(sessionId: string): Promise<boolean>;
  /** Ends all but this one, and answers their ids. */
  endOthers(sessionId: string): Promise<string[]>;
  /** Ends all of them, and answers their ids. */
  endAll(): Promise<string[]>;
}
