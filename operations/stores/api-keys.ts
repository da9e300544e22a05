import type { Permission } from '../../domain/permissions.js';
import { columns, nullable, type Row, text, texts, time, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';

export const API_KEY = columns({
  id: uuid('id'),
  name: text('name'),
  /** The first characters of the token, which may be shown. */
  prefix: text('prefix'),
  scopes: texts<Permission[]>()('scopes'),
  ownerPersonId: uuid('owner_person_id'),
  createdAt: time('created_at'),
  expiresAt: nullable(time('expires_at')),
  revokedAt: nullable(time('revoked_at')),
});
export type ApiKeyRow = Row<typeof API_KEY>;

export interface ApiKeyStore {
  /** `tokenHash` is the SHA-256 of the token; no store reads it back. */
  insert(row: Omit<ApiKeyRow, 'createdAt' | 'revokedAt'> & { tokenHash: Uint8Array }): Promise<ApiKeyRow>;
  /** Names of keys by id, revoked ones included. */
  names(ids: readonly string[]): Promise<Map<string, string>>;
  /** A page of a list, newest first. */
  list(page: PageQuery): Promise<Page<ApiKeyRow>>;
  /** The revoked row; null when there is no such key. Revoking twice keeps the first time. */
  revoke(id: string): Promise<ApiKeyRow | null>;
}
