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
  /** Networks in their one form (domain/network.ts); none: the key may be used from everywhere. */
  allowedNetworks: texts<string[]>()('allowed_networks'),
  createdAt: time('created_at'),
  expiresAt: nullable(time('expires_at')),
  revokedAt: nullable(time('revoked_at')),
  rotatedAt: nullable(time('rotated_at')),
  /** When too many refused requests suspended it; null when it is not suspended. */
  suspendedAt: nullable(time('suspended_at')),
  /** The key whose place it took. */
  rotatedFrom: nullable(uuid('rotated_from')),
  /** The first of the keys that took each other's place; null for that one itself. */
  familyId: nullable(uuid('family_id')),
  lastUsedAt: nullable(time('last_used_at')),
  /** A network, never a whole address. */
  lastUsedFrom: nullable(text('last_used_from')),
});
export type ApiKeyRow = Row<typeof API_KEY>;

/** What is known of a key when it is made. `tokenHash` is the SHA-256 of the token; no store reads it back. */
type NewApiKey = Pick<ApiKeyRow, 'id' | 'name' | 'prefix' | 'scopes' | 'ownerPersonId' | 'allowedNetworks' | 'expiresAt'> & { tokenHash: Uint8Array };

export interface ApiKeyStore {
  insert(row: NewApiKey): Promise<ApiKeyRow>;
  /** Names of keys by id, revoked ones included. */
  names(ids: readonly string[]): Promise<Map<string, string>>;
  /** A page of a list, newest first. */
  list(page: PageQuery): Promise<Page<ApiKeyRow>>;
  /** The key, which no other transaction can change until this one ends; null when there is none. */
  lock(id: string): Promise<ApiKeyRow | null>;
  /**
   * Stores another key in the place of a locked one, which ends at `endsAt`: with its name, owner, scopes, expiry and networks. Returns the
   * new one.
   */
  rotate(old: ApiKeyRow, next: Pick<NewApiKey, 'id' | 'prefix' | 'tokenHash'>, endsAt: Date): Promise<ApiKeyRow>;
  /** The revoked row; null when there is no such key. Revoking twice keeps the first time. */
  revoke(id: string): Promise<ApiKeyRow | null>;
  /** Suspends a key that works. True for the one caller who did it; it is suspended until somebody resumes it. */
  suspend(id: string): Promise<boolean>;
  /** Lets a suspended, locked key go on, and returns it. The database asks whether the person who acts may. */
  resume(id: string): Promise<ApiKeyRow>;
  /** Notes that the key was used now from a network, unless a use was noted within the last minute. */
  noteUse(id: string, network: string | null): Promise<void>;
  /** Notes that the key was refused now at this network. False when that was noted within the last minute already, by whatever process. */
  noteRefusal(id: string, network: string): Promise<boolean>;
}
