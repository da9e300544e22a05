import Table from 'cli-table3';
import { printable } from '../../domain/text.js';

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** A table without lines or colours, as `gh` prints it; `(none)` without rows. */
export const table = (head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string => {
  if (rows.length === 0) return '(none)';
  const made = new Table({ head: [...head], chars: BARE, style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true } });
  for (const row of rows) made.push(row.map((cell) => (cell === null ? '-' : printable(String(cell)))));
  return made.toString().replace(/ +$/gm, '');
};

/** One line per name and value. */
export const facts = (rows: readonly (readonly [string, string | number | null])[]): string => {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value === null ? '-' : printable(String(value))}`).join('\n');
};
