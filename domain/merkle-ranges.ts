import { largestPowerBelow } from './merkle.js';

/**
 * A node of an RFC 6962 tree, named by the range of leaves under it. These functions say which nodes make up a proof; the caller,
 * which stores the leaves, computes the hash of each range.
 */
export interface LeafRange {
  from: number;
  /** Exclusive. */
  to: number;
}

/** The nodes of the audit path of leaf `index` in a tree of `size` (RFC 6962 2.1.1), lowest first. Throws when there is no such leaf. */
export const inclusionRanges = (index: number, size: number): LeafRange[] => {
  if (!(index >= 0 && index < size)) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  const path: LeafRange[] = [];
  let { from, to }: LeafRange = { from: 0, to: size };
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    path.push(index < middle ? { from: middle, to } : { from, to: middle });
    if (index < middle) to = middle;
    else from = middle;
  }
  return path.reverse();
};

/** The nodes of the proof that the tree of `older` leaves is a prefix of that of `newer` (RFC 6962 2.1.2), in the order of the RFC. */
export const consistencyRanges = (older: number, newer: number): LeafRange[] => {
  if (!(older >= 0 && older <= newer)) throw new RangeError(`${older} is not an earlier size of a tree of ${newer}`);
  if (older === 0 || older === newer) return [];
  const proof: LeafRange[] = [];
  let { from, to }: LeafRange = { from: 0, to: newer };
  while (to !== older) {
    const middle = from + largestPowerBelow(to - from);
    if (older <= middle) {
      proof.push({ from: middle, to });
      to = middle;
    } else {
      proof.push({ from, to: middle });
      from = middle;
    }
  }
  // When the last subtree of the old tree is the whole old tree, the verifier knows its root already.
  if (from > 0) proof.push({ from, to });
  return proof.reverse();
};
