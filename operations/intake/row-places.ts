import type { FieldError } from '../../domain/result.js';
import type { CsvRow } from './read-csv.js';

/**
 * Where the rows of a file stand, by their ordinals. It keeps only where the distance changes, at empty rows and at cells that hold line
 * ends, so most files are one entry.
 */
export class RowPlaces {
  /** The first ordinal of a run, and how far row and line are ahead of the ordinals. */
  private readonly runs: { from: number; row: number; line: number }[] = [];

  /** Notes the place of a row. Rows come in order. */
  add(ordinal: number, { row = 0, line = row }: CsvRow['place']): void {
    const last = this.runs.at(-1);
    const run = { from: ordinal, row: row - ordinal, line: line - ordinal };
    if (last?.row !== run.row || last.line !== run.line) this.runs.push(run);
  }

  /** The place of a row that was noted, as an error of the whole row shows it. */
  at(ordinal: number): Pick<FieldError, 'field' | 'row' | 'line'> {
    let [low, high] = [0, this.runs.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.runs[middle]?.from ?? 0) <= ordinal) low = middle;
      else high = middle - 1;
    }
    const run = this.runs[low];
    if (!run) throw new Error(`the row of ordinal ${ordinal} was not noted`);
    const [row, line] = [ordinal + run.row, ordinal + run.line];
    return { field: 'row', row, ...(line === row ? {} : { line }) };
  }
}
