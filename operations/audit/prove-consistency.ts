import type { z } from 'zod';
import type { consistencyProof } from '../../contracts/audit.js';
import { toHex } from '../../domain/hashing.js';
import { consistencyRanges } from '../../domain/merkle-ranges.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { SOON } from './soon.js';
import { subtreeRoots } from './subtrees.js';

/**
 * Proves that the tree of the first `from` leaves is a prefix of the tree of `to` leaves (RFC 6962 2.1.2). `to` defaults to the size
 * of the newest checkpoint. Refuses with `not_found` when `from` is larger than `to`, or `to` larger than the tree.
 */
export const proveConsistency = (ctx: Context, input: { from: number; to?: number | undefined }): Promise<Result<z.infer<typeof consistencyProof>>> =>
  ctx.inTenant(async (stores) => {
    const tree = await stores.audit.tree();
    const { from } = input;
    const to = input.to ?? Number((await stores.audit.latestCheckpoint())?.size ?? 0n);
    if (from > to || BigInt(to) > (tree?.size ?? 0n)) {
      const detail = `The log has ${tree?.size ?? 0n} sequenced events; it never grew from ${from} to ${to}.`;
      return refuse('not_found', detail, from <= to || input.to === undefined ? { extra: SOON } : {});
    }
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
