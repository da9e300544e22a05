import { encode } from 'uqr';

/** Light modules around the symbol, which scanners need (ISO/IEC 18004). */
const QUIET = 4;

/**
 * A QR code in half blocks, two rows in one line, without colours: what a terminal draws in its own colour is light. On a light background it is
 * inverted, which phones read too.
 */
export const qrCode = (text: string): string => {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET });
  const isLight = (row: number, column: number): boolean => data[row]?.[column] !== true;
  const lines: string[] = [];
  for (let row = 0; row < size; row += 2)
    lines.push(Array.from({ length: size }, (_, column) => halves(isLight(row, column), row + 1 < size && isLight(row + 1, column))).join(''));
  return lines.join('\n');
};

const halves = (upper: boolean, lower: boolean): string => {
  if (upper) return lower ? '█' : '▀';
  return lower ? '▄' : ' ';
};
