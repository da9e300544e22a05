import type { z } from 'zod';
import type { apiKey } from '../../contracts/access.js';
import { keyState } from '../../domain/api-key.js';
import { toWireId } from '../../domain/ids.js';
import type { ApiKeyRow } from '../stores/api-keys.js';

export type WireApiKey = z.infer<typeof apiKey>;

/** An API key in its wire form, without its secret, as it stands at a time of the database's clock. */
export const toWireApiKey = (row: ApiKeyRow, now: Date): WireApiKey => ({
  object: 'api_key',
  id: toWireId('apiKey', row.id),
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes,
  owner_person_id: toWireId('person', row.ownerPersonId),
  allowed_networks: row.allowedNetworks,
  state: keyState(row, now),
  created_at: row.createdAt.toISOString(),
  expires_at: row.expiresAt?.toISOString() ?? null,
  revoked_at: row.revokedAt?.toISOString() ?? null,
  suspended_at: row.suspendedAt?.toISOString() ?? null,
  rotated_at: row.rotatedAt?.toISOString() ?? null,
  rotated_from: row.rotatedFrom && toWireId('apiKey', row.rotatedFrom),
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  last_used_from: row.lastUsedFrom,
});
