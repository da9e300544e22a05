/** Stored bytes of a digest. Among a million rows, two different digests agree in these with probability 2^-89. */
const WIDTH = 16;
const SMALLEST = 1 << 12;

/**
 * A set of SHA-256 digests that takes about 32 bytes a row: an open-addressing table over one typed array, doubled when it is half
 * full. A Set of strings takes ten times that.
 */
export class SeenDigests {
  #table = new Uint32Array(SMALLEST * (WIDTH / 4));
  #size = 0;

  has(digest: Uint8Array): boolean {
    return this.#table[slotOf(this.#table, wordsOf(digest))] !== 0;
  }

  /** False when the set holds this digest already. */
  add(digest: Uint8Array): boolean {
    const words = wordsOf(digest);
    const at = slotOf(this.#table, words);
    if (this.#table[at] !== 0) return false;
    this.#table.set(words, at);
    this.#size += 1;
    if (this.#size * WIDTH * 2 > this.#table.byteLength) this.#grow();
    return true;
  }

  #grow(): void {
    const table = new Uint32Array(this.#table.length * 2);
    for (let at = 0; at < this.#table.length; at += 4) {
      const words = this.#table.subarray(at, at + 4) as unknown as Words;
      if (words[0] !== 0) table.set(words, slotOf(table, words));
    }
    this.#table = table;
  }
}

type Words = readonly [number, number, number, number];

/** The lowest bit of the first word is set, so that zero always means an empty slot. */
const wordsOf = (digest: Uint8Array): Words => [(wordAt(digest, 0) | 1) >>> 0, wordAt(digest, 4), wordAt(digest, 8), wordAt(digest, 12)];

const wordAt = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;

/** Index of the digest's first word, or of the empty slot where it belongs. The number of slots is a power of two. */
const slotOf = (table: Uint32Array, [a, b, c, d]: Words): number => {
  const last = table.length / 4 - 1;
  for (let slot = b & last; ; slot = (slot + 1) & last) {
    const at = slot * 4;
    if (table[at] === 0 || (table[at] === a && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d)) return at;
  }
};
