/** Numbers that look random and are always the same. */
export interface Draw {
  /** 0 ≤ n < limit. */
  below(limit: number): number;
  one<T>(list: readonly T[]): T;
  digits(count: number): string;
  letter(): string;
}

/** mulberry32, a small generator with a 32-bit state; good enough for samples, for nothing else. */
export const drawFrom = (seed: number): Draw => {
  let state = seed;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return {
    below,
    one: <T>(list: readonly T[]): T => {
      const chosen = list[below(list.length)];
      if (chosen === undefined) throw new Error('nothing to draw from');
      return chosen;
    },
    digits: (count) => Array.from({ length: count }, () => below(10)).join(''),
    letter: () => String.fromCharCode(65 + below(26)),
  };
};
