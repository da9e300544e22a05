export interface SessionStore {
  insert(row: { id: string; tokenHash: Uint8Array; personId: string; expiresAt: Date }): Promise<void>;
  /** Null when this workspace has no such session. */
  get(sessionId: string): Promise<{ personId: string; expiresAt: Date; endedAt: Date | null } | null>;
  /** True when the session was the person's and still open. */
  end(sessionId: string, personId: string): Promise<boolean>;
}
