import type { ItemState } from './states.js';

/** The items that one dispatch covers: ordinals of [first, end) whose bit is not set in `setAside` (lowest bit of each byte first). */
export interface Coverage {
  firstOrdinal: number;
  endOrdinal: number;
  /** Null when no ordinal of the range is set aside. */
  setAside: Uint8Array | null;
}

/** The coverage of exactly these ordinals, which all lie in [first, end). */
export const coverageOf = (firstOrdinal: number, endOrdinal: number, ordinals: readonly number[]): Coverage => {
  const length = endOrdinal - firstOrdinal;
  if (ordinals.length === length) return { firstOrdinal, endOrdinal, setAside: null };
  const setAside = new Uint8Array(Math.ceil(length / 8)).fill(0xff);
  for (const ordinal of ordinals) {
    const place = ordinal - firstOrdinal;
    const byte = place >> 3;
    setAside[byte] = (setAside[byte] ?? 0) & ~(1 << (place & 7));
  }
  return { firstOrdinal, endOrdinal, setAside };
};

export const covers = ({ firstOrdinal, endOrdinal, setAside }: Coverage, ordinal: number): boolean => {
  if (ordinal < firstOrdinal || ordinal >= endOrdinal) return false;
  const place = ordinal - firstOrdinal;
  return setAside === null || (((setAside[place >> 3] ?? 0) >> (place & 7)) & 1) === 0;
};

/** An item that a dispatch covers is `submitting` until evidence changes its own row. */
export const stateUnder = (item: { ordinal: number; state: ItemState }, dispatches: readonly Coverage[]): ItemState =>
  item.state === 'pending' && dispatches.some((dispatch) => covers(dispatch, item.ordinal)) ? 'submitting' : item.state;
