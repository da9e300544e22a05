import { leafHash, type Sha256 } from '../hashing.js';
import { merkleRoot } from '../merkle.js';
import type { ItemState } from './states.js';

/** One step of an item, as its append-only row stores it (R17). */
export interface ItemTransition {
  ordinal: number;
  /** Version of the item that the step led to. */
  version: number;
  from: ItemState;
  to: ItemState;
  rank: number;
  source: string;
  inboundId: string | null;
  providerReference: string | null;
  reason: string | null;
}

const encoder = new TextEncoder();

/**
 * Leaf of a transition: RFC 6962 leaf hash over a canonical JSON array. RFC 8785 writes an array of strings, integers and
 * nulls exactly as JSON.stringify does, which is many times faster than a canonicalizer.
 */
export const transitionLeaf = (sha256: Sha256, step: ItemTransition): Uint8Array =>
  leafHash(
    sha256,
    encoder.encode(
      JSON.stringify([
        'sluice-transition-v1',
        step.ordinal,
        step.version,
        step.from,
        step.to,
        step.rank,
        step.source,
        step.inboundId,
        step.providerReference,
        step.reason,
      ]),
    ),
  );

/** Root over the transitions of one event, by ordinal: what a chunk's audit event commits to. */
export const transitionsRoot = (sha256: Sha256, steps: readonly ItemTransition[]): Uint8Array =>
  merkleRoot(
    sha256,
    [...steps].sort((a, b) => a.ordinal - b.ordinal).map((step) => transitionLeaf(sha256, step)),
  );
