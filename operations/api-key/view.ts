import type { z } from 'zod';
import type { apiKey } from '../../contracts/access.js';
import { toWireId } from '../../domain/ids.js';
import type { ApiKeyRow } from '../stores/api-keys.js';

export type WireApiKey = z.infer<typeof apiKey>;

/** An API key in its wire form, without its secret. */
export const toWireApiKey = (row: ApiKeyRow): WireApiKey => ({
  object: 'api_key',
  id: toWireId('apiKey', row.id),
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes,
  owner_person_id: toWireId('person', row.ownerPersonId),
  created_at: row.createdAt.toISOString(),
  expires_at: row.expiresAt?.toISOString() ?? null,
  revoked_at: row.revokedAt?.toISOString() ?? null,
});
