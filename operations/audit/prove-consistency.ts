import type { z } from 'zod';
import type { consistencyProof } from '../../contracts/audit.js';
import { toHex } from '../../domain/hashing.js';
import { consistencyRanges } from '../../domain/merkle-ranges.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { subtreeRoots } from './subtrees.js';

/**
 * Proof that the tree of `from` leaves is a prefix of that of `to` (default: the newest checkpoint's), after RFC 6962
 * 2.1.2. `not_found` for sizes that the tree never had in this order.
 */
export const proveConsistency = (ctx: Context, input: { from: number; to?: number | undefined }): Promise<Result<z.infer<typeof consistencyProof>>> =>
  ctx.inTenant(async (stores) => {
    const tree = await stores.audit.tree();
    const { from } = input;
    const to = input.to ?? Number((await stores.audit.latestCheckpoint())?.size ?? 0n);
    if (from > to || BigInt(to) > (tree?.size ?? 0n))
      return refuse('not_found', `The log has ${tree?.size ?? 0n} sealed events; it never grew from ${from} to ${to}.`);
    const rootOf = subtreeRoots(stores.audit.leaves, ctx.services.sha256);
    const path: string[] = [];
    for (const range of consistencyRanges(from, to)) path.push(toHex(await rootOf(range)));
    return ok({
      object: 'consistency_proof',
      from,
      to,
      from_root: toHex(await rootOf({ from: 0, to: from })),
      to_root: toHex(await rootOf({ from: 0, to })),
      path,
    });
  });
