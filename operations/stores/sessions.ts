import { columns, type Row, time, uuid } from './columns.js';

export const SESSION = columns({
  id: uuid('id'),
  personId: uuid('person_id'),
  expiresAt: time('expires_at'),
});
export type SessionRow = Row<typeof SESSION>;

export interface SessionStore {
  /** `tokenHash` is the SHA-256 of the token; no store reads it back. */
  insert(row: SessionRow & { tokenHash: Uint8Array }): Promise<void>;
  /** Null when this workspace has no such session. */
  get(sessionId: string): Promise<SessionRow | null>;
  /** True when the session was the person's and still open. */
  end(sessionId: string, personId: string): Promise<boolean>;
  /** Ends the open sessions of a person in all workspaces but this one session. Returns how many. */
  endOthers(personId: string, kept: string): Promise<number>;
}
