import type { Result } from '../../domain/result.js';

/** A success that is stored as the answer to its request, in the transaction that returns it. */
export class Answer<T> {
  readonly ok = true;
  readonly value: T;
  constructor(value: T) {
    this.value = value;
  }
}

/**
 * Marks `resource` as the answer to the request. An operation returns it out of the transaction that decides, so that the
 * action and the record of its answer commit together (R12, ADR 0016). A plain `ok` is stored only after the operation has returned.
 */
export const answer = <T>(resource: T): Result<T> => new Answer(resource);
