/** Excel writes a sheet in blocks of so many rows, and leaves out the columns at the end that are empty in all rows of a block. */
const BLOCK = 16;

/** How many cells each row of a file has to have. A row that differs from those around it may be split at a decimal comma. */
export class RowWidths {
  private block: number;
  private now: { width: number; row: number };

  /** `width` and `row` of the header. */
  constructor(
    private readonly width: number,
    row: number,
  ) {
    this.block = blockOf(row);
    this.now = { width, row };
  }

  /** The width that this row has to have, and the row that decided it: the header, or the first row of its block. */
  of(row: number, cells: number): { width: number; row: number } {
    if (blockOf(row) !== this.block) {
      this.block = blockOf(row);
      this.now = { width: Math.min(cells, this.width), row };
    }
    return this.now;
  }
}

const blockOf = (row: number): number => Math.floor((row - 1) / BLOCK);
