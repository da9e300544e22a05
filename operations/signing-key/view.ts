import type { z } from 'zod';
import type { signingKey } from '../../contracts/signing.js';
import { toWireId } from '../../domain/ids.js';
import type { SigningKeyRow } from '../stores/signing-keys.js';

export type WireSigningKey = z.infer<typeof signingKey>;

/** A signing key in its wire form, without its secret. */
export const toWireSigningKey = (row: SigningKeyRow): WireSigningKey => ({
  object: 'signing_key',
  id: toWireId('signingKey', row.id),
  api_key_id: toWireId('apiKey', row.apiKeyId),
  algorithm: row.algorithm,
  public_key: row.publicKey && Buffer.from(row.publicKey).toString('base64'),
  created_by: toWireId('person', row.createdBy),
  created_at: row.createdAt.toISOString(),
  revoked_at: row.revokedAt?.toISOString() ?? null,
});
