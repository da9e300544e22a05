/**
 * A reading that all who ask share. One that is at work or not older than `freshMs` is given to everybody, so that many who ask cost no
 * more than one; one that failed is not kept.
 */
export const sharedReading = <T>(freshMs: number, read: () => Promise<T>, now: () => number = () => performance.now()): (() => Promise<T>) => {
  let last: { reading: Promise<T>; until: number } | null = null;
  return () => {
    if (last && now() < last.until) return last.reading;
    const mine = { reading: read(), until: Number.POSITIVE_INFINITY };
    last = mine;
    mine.reading.then(
      () => {
        mine.until = now() + freshMs;
      },
      () => {
        mine.until = 0;
      },
    );
    return mine.reading;
  };
};
