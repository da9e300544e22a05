/**
 * Chunks are aligned ranges of 2^k ordinals, so that a chunk's root is a node of the batch's tree (R3).
 * Ordinals start at 0 and are dense.
 */
export interface ChunkRange {
  chunk: number;
  /** First ordinal, inclusive. */
  from: number;
  /** Last ordinal, exclusive. */
  to: number;
}

export const chunkCount = (items: number, chunkSize: number): number => Math.ceil(items / chunkSize);

export const chunkOf = (ordinal: number, chunkSize: number): number => Math.floor(ordinal / chunkSize);

export const rangeOf = (chunk: number, chunkSize: number, items: number): ChunkRange => ({
  chunk,
  from: chunk * chunkSize,
  to: Math.min((chunk + 1) * chunkSize, items),
});
