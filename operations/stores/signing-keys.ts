import type { SignatureAlgorithm } from '../../domain/http-signature/profile.js';
import { bytes, columns, nullable, oneOf, type Row, time, uuid } from './columns.js';

export const SIGNING_KEY = columns({
  id: uuid('id'),
  /** The API key whose calls it signs. */
  apiKeyId: uuid('api_key_id'),
  algorithm: oneOf<SignatureAlgorithm>()('algorithm'),
  /** Of ed25519: the 32 bytes of RFC 8032. */
  publicKey: nullable(bytes('public_key')),
  /** Of hmac-sha256: the sealed secret. */
  sealedSecret: nullable(bytes('sealed_secret')),
  /** The person who made it. */
  createdBy: uuid('created_by'),
  createdAt: time('created_at'),
  revokedAt: nullable(time('revoked_at')),
});
export type SigningKeyRow = Row<typeof SIGNING_KEY>;

export interface SigningKeyStore {
  insert(row: Omit<SigningKeyRow, 'createdAt' | 'revokedAt'>): Promise<SigningKeyRow>;
  /** Whose an API key is, and whether it is in force: neither revoked nor expired. Null when there is no such API key. */
  apiKey(apiKeyId: string): Promise<{ ownerPersonId: string; isInForce: boolean } | null>;
  /** Revoked ones too; null when there is none. */
  find(id: string): Promise<SigningKeyRow | null>;
  /** All keys of an API key, newest first. */
  ofApiKey(apiKeyId: string): Promise<SigningKeyRow[]>;
  /** The revoked row; null when this API key has no such key. Revoking twice keeps the first time. */
  revoke(apiKeyId: string, id: string): Promise<SigningKeyRow | null>;
}
