import { nodeHash, type Sha256 } from './hashing.js';

/**
 * The right edge of an RFC 6962 tree: the roots of its perfect subtrees, largest first, one for each bit set in the
 * size. With it, appending a leaf and computing the root take O(log n) and need no other leaves.
 */
export interface Frontier {
  size: bigint;
  nodes: readonly Uint8Array[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0n, nodes: [] };

/** The frontier after `leaves` (leaf hashes) are appended; the given one stays as it is. */
export const appendLeaves = (sha256: Sha256, frontier: Frontier, leaves: readonly Uint8Array[]): Frontier => {
  const nodes = [...frontier.nodes];
  let size = frontier.size;
  for (const leaf of leaves) {
    let node = leaf;
    for (let bits = size; bits & 1n; bits >>= 1n) node = nodeHash(sha256, nodes.pop() as Uint8Array, node);
    nodes.push(node);
    size += 1n;
  }
  return { size, nodes };
};

/** The root of the whole tree; that of the empty tree is SHA-256(""). */
export const frontierRoot = (sha256: Sha256, { nodes }: Frontier): Uint8Array => {
  const smallestFirst = [...nodes].reverse();
  const smallest = smallestFirst.shift();
  return smallest ? smallestFirst.reduce((root, left) => nodeHash(sha256, left, root), smallest) : sha256();
};
