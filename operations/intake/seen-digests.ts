/** Stored words of a digest. Among a million rows, two different digests agree in these with probability 2^-89. */
const DIGEST_WORDS = 4;
/** A digest and its number. */
const WORDS = DIGEST_WORDS + 1;
const SMALLEST = 1 << 12;

/**
 * SHA-256 digests, each with the number that came with it first, in about 40 bytes a digest: an open-addressing table over one typed
 * array, doubled when it is half full. A Map of strings takes ten times that.
 */
export class SeenDigests {
  #table = new Uint32Array(SMALLEST * WORDS);
  #size = 0;

  /** How many digests there are. */
  get size(): number {
    return this.#size;
  }

  /** The number of this digest; null when it is new. */
  find(digest: Uint8Array): number | null {
    const at = slotOf(this.#table, wordsOf(digest));
    return this.#table[at] === 0 ? null : (this.#table[at + DIGEST_WORDS] ?? null);
  }

  /** The number that this digest came with first; null when it is new, and then it is remembered with this one. */
  add(digest: Uint8Array, number: number): number | null {
    const words = wordsOf(digest);
    const at = slotOf(this.#table, words);
    if (this.#table[at] !== 0) return this.#table[at + DIGEST_WORDS] ?? null;
    this.#table.set([...words, number], at);
    this.#size += 1;
    if (this.#size * WORDS * 2 > this.#table.length) this.#grow();
    return null;
  }

  #grow(): void {
    const table = new Uint32Array(this.#table.length * 2);
    for (let at = 0; at < this.#table.length; at += WORDS) {
      const entry = this.#table.subarray(at, at + WORDS);
      if (entry[0] !== 0) table.set(entry, slotOf(table, entry as unknown as Words));
    }
    this.#table = table;
  }
}

type Words = readonly [number, number, number, number];

/** The lowest bit of the first word is set, so that zero always means an empty slot. */
const wordsOf = (digest: Uint8Array): Words => [(wordAt(digest, 0) | 1) >>> 0, wordAt(digest, 4), wordAt(digest, 8), wordAt(digest, 12)];

/** Four bytes of a digest as a number. */
export const wordAt = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;

/** Index of the digest's first word, or of the empty slot where it belongs. The number of slots is a power of two. */
const slotOf = (table: Uint32Array, [a, b, c, d]: Words): number => {
  const last = table.length / WORDS - 1;
  for (let slot = b & last; ; slot = (slot + 1) & last) {
    const at = slot * WORDS;
    if (table[at] === 0 || (table[at] === a && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d)) return at;
  }
};
