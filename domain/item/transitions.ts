import { leafHash, type Sha256, toHex } from '../hashing.js';
import { merkleRoot } from '../merkle.js';
import type { ItemState } from './states.js';

/** One step of an item (R17). */
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

/** What the steps of one event share: their source, and the chunk of their items (null for an event of the whole batch). */
export interface BlockPlace {
  source: string;
  chunk: number | null;
}

const BLOCK_VERSION = 'sluice-transitions-v2';

/** What most steps of an event have in common: version, from, to, rank, reason, inbound id. */
type Shape = [number, ItemState, ItemState, number, string | null, string | null];
/** First ordinal, number of ordinals in a row, and which shape they have. */
type Run = [number, number, number];
type Block = [typeof BLOCK_VERSION, string, number | null, Shape[], Run[], (string | null)[]];

/**
 * The steps of one event as one canonical text: the same steps give the same bytes, and its SHA-256 stands in the event. Shapes are
 * in the order of their first step, runs are as long as they can be, and the references of the provider follow in the order of the
 * steps, or not at all when no step has one. RFC 8785 writes arrays of strings, integers and nulls exactly as JSON.stringify does.
 * Steps are of different items, by ordinal.
 */
export const transitionBlock = ({ source, chunk }: BlockPlace, steps: readonly ItemTransition[]): string => {
  const shapes: Shape[] = [];
  const runs: Run[] = [];
  const places = new Map<string, number>();
  let before: { step: ItemTransition; shape: number; run: Run } | null = null;
  for (const step of steps) {
    const shape: number = before && alike(before.step, step) ? before.shape : placeOf(step, shapes, places);
    if (before && shape === before.shape && step.ordinal === before.step.ordinal + 1) {
      before.run[1] += 1;
      before = { step, shape, run: before.run };
      continue;
    }
    const run: Run = [step.ordinal, 1, shape];
    runs.push(run);
    before = { step, shape, run };
  }
  const referenced = steps.some((step) => step.providerReference !== null);
  return JSON.stringify([BLOCK_VERSION, source, chunk, shapes, runs, referenced ? steps.map((step) => step.providerReference) : []] satisfies Block);
};

const alike = (a: ItemTransition, b: ItemTransition): boolean =>
  a.version === b.version && a.from === b.from && a.to === b.to && a.rank === b.rank && a.reason === b.reason && a.inboundId === b.inboundId;

const placeOf = ({ version, from, to, rank, reason, inboundId }: ItemTransition, shapes: Shape[], places: Map<string, number>): number => {
  const shape: Shape = [version, from, to, rank, reason, inboundId];
  const name = JSON.stringify(shape);
  const place = places.get(name) ?? shapes.push(shape) - 1;
  places.set(name, place);
  return place;
};

/** The steps that a block holds, by ordinal. */
export const stepsOf = (body: string): ItemTransition[] => {
  const [, source, , shapes, runs, references] = JSON.parse(body) as Block;
  const steps: ItemTransition[] = [];
  for (const [first, count, place] of runs) {
    const [version, from, to, rank, reason, inboundId] = shapes[place] as Shape;
    for (let ordinal = first; ordinal < first + count; ordinal++)
      steps.push({ ordinal, version, from, to, rank, source, inboundId, providerReference: references[steps.length] ?? null, reason });
  }
  return steps;
};

const encoder = new TextEncoder();

/** What the event of a block commits to: SHA-256 over its text, hex. */
export const blockHash = (sha256: Sha256, body: string): string => toHex(sha256(encoder.encode(body)));

/** Leaf of a transition as released versions hashed it: RFC 6962 leaf hash over a canonical JSON array. */
const transitionLeaf = (sha256: Sha256, step: ItemTransition): Uint8Array =>
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

/** Root over the transitions of one event, by ordinal: what the events of released versions commit to. */
export const transitionsRoot = (sha256: Sha256, steps: readonly ItemTransition[]): Uint8Array =>
  merkleRoot(
    sha256,
    [...steps].sort((a, b) => a.ordinal - b.ordinal).map((step) => transitionLeaf(sha256, step)),
  );
