import { duplicateItems } from '../../domain/batch/refusals.js';
import { ERRORS_MAX, type FieldError, type Refusal, wrongInput } from '../../domain/result.js';

/** The errors of a file in the order of its rows: the first of them, and how many rows are wrong. */
export class FileFaults {
  /** One more than are listed, which tells that there are more. */
  readonly #first: FieldError[] = [];
  #wrongRows = 0;
  #onlyRepeats = true;

  get isEmpty(): boolean {
    return this.#first.length === 0;
  }

  /** Adds what is wrong with one part; parts come in the order of the file. `repeats` are rows that repeat earlier ones. */
  add(errors: readonly FieldError[], repeats: readonly FieldError[]): void {
    if (errors.length > 0) this.#onlyRepeats = false;
    const inOrder = [...errors, ...repeats].sort((a, b) => (a.row ?? 0) - (b.row ?? 0));
    this.#first.push(...inOrder.slice(0, ERRORS_MAX + 1 - this.#first.length));
    this.#wrongRows += new Set(inOrder.flatMap(({ row }) => row ?? [])).size;
  }

  /** Null when nothing is wrong. */
  refusal(): Refusal | null {
    if (this.isEmpty) return null;
    return this.#onlyRepeats ? duplicateItems(this.#first, this.#wrongRows) : wrongInput(this.#first, 'file', this.#wrongRows);
  }
}
