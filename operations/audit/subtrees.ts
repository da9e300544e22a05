import type { Sha256 } from '../../domain/hashing.js';
import { merkleRoot } from '../../domain/merkle.js';
import type { LeafRange } from '../../domain/merkle-ranges.js';
import type { AuditStore } from '../stores/audit.js';

/** Leaves that one statement reads. A power of two, so that the root of an aligned tile is a node of the tree. */
const TILE = 1_024;

/**
 * Answers a function from a node of a tenant's tree (a range of leaves, see domain/merkle-ranges.ts) to its root. It reads tile by
 * tile and keeps the roots of whole tiles for later calls: a million leaves cost 32 KB of memory. Throws when leaves are missing.
 */
export const subtreeRoots = (leaves: AuditStore['leaves'], sha256: Sha256): ((range: LeafRange) => Promise<Uint8Array>) => {
  const tileRoots = new Map<number, Uint8Array>();
  let lastRead: { tile: number; leaves: readonly Uint8Array[] } | null = null;

  /** Leaves [from, to) of one tile. */
  const within = async (from: number, to: number): Promise<readonly Uint8Array[]> => {
    const tile = Math.floor(from / TILE);
    const start = tile * TILE;
    if (lastRead?.tile !== tile || lastRead.leaves.length < to - start)
      lastRead = { tile, leaves: await leaves(BigInt(start), BigInt(start + TILE)) };
    const slice = lastRead.leaves.slice(from - start, to - start);
    if (slice.length !== to - from) throw new Error(`leaves ${from} to ${to} are not all in the tree`);
    return slice;
  };

  const tileRoot = async (tile: number, to: number): Promise<Uint8Array> => {
    const whole = to - tile * TILE >= TILE;
    const known = whole ? tileRoots.get(tile) : undefined;
    if (known) return known;
    const root = merkleRoot(sha256, await within(tile * TILE, Math.min((tile + 1) * TILE, to)));
    if (whole) tileRoots.set(tile, root);
    return root;
  };

  return async ({ from, to }) => {
    if (to === from || Math.floor(from / TILE) === Math.floor((to - 1) / TILE)) return merkleRoot(sha256, await within(from, to));
    if (from % TILE !== 0) throw new RangeError(`leaves ${from} to ${to} are not a node of a tree`);
    const roots: Uint8Array[] = [];
    for (let tile = from / TILE; tile * TILE < to; tile++) roots.push(await tileRoot(tile, to));
    return merkleRoot(sha256, roots);
  };
};
