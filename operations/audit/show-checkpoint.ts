import type { z } from 'zod';
import type { checkpoint } from '../../contracts/audit.js';
import { toHex } from '../../domain/hashing.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { SOON } from './soon.js';

/** The newest published checkpoint, and how many events it does not cover yet. Refuses with `not_found` before the first one. */
export const showCheckpoint = (ctx: Context): Promise<Result<z.infer<typeof checkpoint>>> =>
  ctx.inTenant(async (stores) => {
    const latest = await stores.audit.latestCheckpoint();
    if (!latest) return refuse('not_found', 'No checkpoint was published yet; the first follows the first event within a second.', { extra: SOON });
    const tree = await stores.audit.tree();
    const { waiting } = await stores.audit.lag();
    const log = { tenantId: ctx.tenantId, generation: latest.generation };
    return ok({
      object: 'checkpoint',
      origin: ctx.services.signer.origin(log),
      size: Number(latest.size),
      root: toHex(latest.root),
      note: latest.note,
      published_at: latest.publishedAt?.toISOString() ?? null,
      verifier_key: ctx.services.signer.verifierKeyFor(log),
      unsealed: waiting + Number((tree?.size ?? latest.size) - latest.size),
    });
  });
