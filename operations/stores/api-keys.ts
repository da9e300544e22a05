import type { Permission } from '../../domain/actors.js';
import type { Page, PageQuery } from './page.js';

export interface ApiKeyRow {
  id: string;
  name: string;
  prefix: string;
  scopes: Permission[];
  ownerPersonId: string;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

export interface ApiKeyStore {
  insert(row: Omit<ApiKeyRow, 'createdAt' | 'revokedAt'> & { tokenHash: Uint8Array }): Promise<ApiKeyRow>;
  list(page: PageQuery): Promise<Page<ApiKeyRow>>;
  /** The revoked row; null when there is no such key. Revoking twice keeps the first time. */
  revoke(id: string): Promise<ApiKeyRow | null>;
}
