import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { toWireSigningKey, type WireSigningKey } from './view.js';

interface SigningKeys {
  object: 'list';
  data: WireSigningKey[];
  has_more: boolean;
  next_cursor: string | null;
}

/** All signing keys of an API key, newest first, revoked ones too. There are few, so they are one page. Refuses with `not_found`. */
export const listSigningKeys = (ctx: Context, { key_id }: { key_id: string }): Promise<Result<SigningKeys>> =>
  ctx.inTenant(async (stores) => {
    if ((await stores.signingKeys.apiKey(key_id)) === null) return refuse('not_found', 'This workspace has no such API key.');
    const rows = await stores.signingKeys.ofApiKey(key_id);
    return ok({ object: 'list', data: rows.map(toWireSigningKey), has_more: false, next_cursor: null });
  });
