import type { Findings } from './findings.js';

/** Consecutive indexes, in the order of the file. An unchanged log is one run. */
interface Run {
  first: number;
  last: number;
}

/** With more breaks than this, it makes no sense to name the records that moved. */
const RUNS_MAX = 2_000;

/**
 * Follows the order of tree indexes in a file, then reports which records are missing and which are in another place: the
 * smallest set whose removal leaves the rest in order.
 */
export const indexOrder = () => {
  const runs: Run[] = [];
  return {
    /** True while every index so far was in its place. */
    see: (index: number): boolean => {
      const run = runs.at(-1);
      if (run && runs.length <= RUNS_MAX && index === run.last + 1) run.last = index;
      else if (runs.length <= RUNS_MAX) runs.push({ first: index, last: index });
      return runs.length === 1 && runs[0]?.first === 0;
    },
    /** `size`: how many events the newest checkpoint signed; null when there is none. */
    report: (findings: Findings, size: number | null): void => {
      if (runs.length > RUNS_MAX) {
        findings.add('reordered', `the order is lost after the record of index ${runs[0]?.last ?? 0}`);
        return;
      }
      const moved = outOfPlace(runs);
      for (const { first, last } of moved) findings.add('reordered', `${named(first, last)} not in their place`, { indexes: numbers(first, last) });
      const seen = [...runs].sort((a, b) => a.first - b.first);
      let next = 0;
      for (const { first, last } of seen) {
        if (first > next) findings.add('removed', `${named(next, first - 1)} missing`, { indexes: numbers(next, first - 1) });
        if (first < next)
          findings.add('reordered', `${named(first, Math.min(last, next - 1))} there twice`, { indexes: numbers(first, Math.min(last, next - 1)) });
        next = Math.max(next, last + 1);
      }
      if (size !== null && next < size)
        findings.add('cut_off', `the log ends before index ${next}, but ${size} events were signed: ${size - next} are cut off`, {
          indexes: numbers(next, size - 1),
        });
    },
  };
};

const named = (first: number, last: number): string =>
  first === last ? `the record of index ${first} is` : `the records of indexes ${first} to ${last} are`;

/** At most 100, because nobody reads more. */
const numbers = (first: number, last: number): number[] => Array.from({ length: Math.min(last - first + 1, 100) }, (_, i) => first + i);

/** The runs outside the heaviest increasing subsequence. */
const outOfPlace = (runs: readonly Run[]): Run[] => {
  const best = runs.map((run) => ({ weight: run.last - run.first + 1, before: -1 }));
  for (const [i, run] of runs.entries()) {
    const own = run.last - run.first + 1;
    for (let j = 0; j < i; j++) {
      const [earlier, chain] = [runs[j], best[j]];
      const mine = best[i];
      if (earlier && chain && mine && earlier.last < run.first && chain.weight + own > mine.weight)
        best[i] = { weight: chain.weight + own, before: j };
    }
  }
  const kept = new Set<number>();
  let at = best.reduce((top, chain, i) => (chain.weight > (best[top]?.weight ?? 0) ? i : top), 0);
  while (at >= 0 && runs.length > 0) {
    kept.add(at);
    at = best[at]?.before ?? -1;
  }
  return runs.filter((_, i) => !kept.has(i));
};
