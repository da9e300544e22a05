/** Bytes of a digest that are kept: with a million rows two different ones agree with probability 2^-89. */
const WIDTH = 16;
const SMALLEST = 1 << 12;

/**
 * A set of SHA-256 digests in 32 bytes a row at most: an open-addressing table over one typed array, doubled when it is
 * half full. A million rows take 32 MB, where a Set of strings takes ten times that.
 */
export class SeenDigests {
  #slots = SMALLEST;
  #table = new Uint32Array(SMALLEST * (WIDTH / 4));
  #size = 0;

  /** True when this digest was added before. */
  addWasThere(digest: Uint8Array): boolean {
    const view = new DataView(digest.buffer, digest.byteOffset, WIDTH);
    // The lowest bit is set so that four zero words always mean an empty slot.
    const words = [view.getUint32(0) | 1, view.getUint32(4), view.getUint32(8), view.getUint32(12)] as const;
    if (this.#place(this.#table, this.#slots, words)) return true;
    this.#size += 1;
    if (this.#size * 2 > this.#slots) this.#grow();
    return false;
  }

  #place(table: Uint32Array, slots: number, [a, b, c, d]: readonly [number, number, number, number]): boolean {
    const unsigned = a >>> 0;
    for (let slot = b & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = slot * 4;
      if (table[at] === 0) {
        table.set([unsigned, b, c, d], at);
        return false;
      }
      if (table[at] === unsigned && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d) return true;
    }
  }

  #grow(): void {
    const slots = this.#slots * 2;
    const table = new Uint32Array(slots * 4);
    const old = this.#table;
    for (let at = 0; at < old.length; at += 4) {
      const words = [old[at] ?? 0, old[at + 1] ?? 0, old[at + 2] ?? 0, old[at + 3] ?? 0] as const;
      if (words[0] !== 0) this.#place(table, slots, words);
    }
    this.#table = table;
    this.#slots = slots;
  }
}
