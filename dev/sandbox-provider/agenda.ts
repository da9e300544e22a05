import type { Move } from './records.js';

/** Due times are rounded up to a multiple of this, so that payments sent together settle together. */
const GRID_MS = 20;

/** The coming state changes of payments, by due time. A million payments have only a few distinct due times. */
export class Agenda {
  readonly #moves = new Map<number, Move[]>();
  /** Distinct due times, ascending. */
  readonly #times: number[] = [];

  add(dueAt: number, move: Move): void {
    const time = Math.ceil(dueAt / GRID_MS) * GRID_MS;
    const moves = this.#moves.get(time);
    if (moves) moves.push(move);
    else {
      this.#moves.set(time, [move]);
      this.#times.splice(this.#place(time), 0, time);
    }
  }

  /** The earliest due time, or null. */
  next(): number | null {
    return this.#times[0] ?? null;
  }

  /** Removes and returns the moves of the earliest due time, if that is not after `now`. */
  take(now: number): Move[] | null {
    const time = this.#times[0];
    if (time === undefined || time > now) return null;
    this.#times.shift();
    const moves = this.#moves.get(time) ?? [];
    this.#moves.delete(time);
    return moves;
  }

  #place(time: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
