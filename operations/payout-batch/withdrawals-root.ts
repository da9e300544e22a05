import type { Sha256 } from '../../domain/hashing.js';
import { type ItemTransition, transitionLeaf } from '../../domain/item/transitions.js';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../../domain/merkle-frontier.js';

/** Leaves that are held, and hashed without a pause, at a time. */
const PAGE = 8_192;

/**
 * Root over the withdrawals of these items, in their order: what the event of a cancel commits to. Up to a million of them
 * take seconds, so between pages other requests have their turn, and no more than a page is in memory.
 */
export const withdrawalsRoot = async (sha256: Sha256, ordinals: readonly number[]): Promise<Uint8Array> => {
  let edge = EMPTY_FRONTIER;
  for (let from = 0; from < ordinals.length; from += PAGE) {
    const page = ordinals.slice(from, from + PAGE);
    edge = appendLeaves(
      sha256,
      edge,
      page.map((ordinal) => transitionLeaf(sha256, withdrawal(ordinal))),
    );
    await new Promise((done) => setImmediate(done));
  }
  return frontierRoot(sha256, edge);
};

/** The only step a pending item ever makes by cancel, as its row tells it. */
export const withdrawal = (ordinal: number): ItemTransition => ({
  ordinal,
  version: 1,
  from: 'pending',
  to: 'cancelled',
  rank: 0,
  source: 'person',
  inboundId: null,
  providerReference: null,
  reason: null,
});
