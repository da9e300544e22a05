import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { CSV_COLUMNS } from '../contracts/batches.js';
import { fileFailure } from './file-failure.js';

/** Bytes that tell what a file is: the first names of an archive, or the first line of a text. */
const START_BYTES = 65_536;

/** The first bytes of a file; null for what can be read only once, such as a pipe, and for a folder. */
export const startOf = (path: string): Buffer | null => {
  if (path === '-') return null;
  try {
    if (!statSync(path).isFile()) return null;
    const file = openSync(path, 'r');
    try {
      const start = Buffer.alloc(START_BYTES);
      return start.subarray(0, readSync(file, start));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileFailure(error, path, 'read') ?? error;
  }
};

const AS_CSV = 'save it there as CSV UTF-8 ("CSV UTF-8 (Comma delimited)" in Excel, "Text CSV" in LibreOffice, CSV elsewhere), and send that';
const SPREADSHEET = `is a spreadsheet and no CSV file; ${AS_CSV}`;
const ARCHIVE = 'is an archive; take the CSV or JSON file out of it, and send that';
const PICTURE = 'is a picture; a batch is a CSV or JSON file';

const OTHERS: readonly { start: string; is: string }[] = [
  { start: '\xd0\xcf\x11\xe0', is: SPREADSHEET },
  { start: '%PDF', is: 'is a PDF; get the payments as a CSV from where it was made, and send that' },
  { start: '\x89PNG', is: PICTURE },
  { start: '\xff\xd8\xff', is: PICTURE },
  { start: 'GIF8', is: PICTURE },
  { start: '\x1f\x8b', is: ARCHIVE },
  { start: '7z\xbc\xaf', is: ARCHIVE },
  { start: 'Rar!', is: ARCHIVE },
];

/** What stands in a ZIP that is a spreadsheet: of Excel, of OpenDocument, of Numbers. */
const IN_A_SPREADSHEET = ['xl/', '[Content_Types].xml', 'opendocument.spreadsheet', 'Index/Document.iwa'];
const IN_A_DOCUMENT = ['word/', 'ppt/'];

/** What a file is that is neither a CSV nor JSON, and what to do instead; null when its first bytes do not say so. */
export const otherKind = (start: Uint8Array): string | null => {
  const text = Buffer.from(start.subarray(0, START_BYTES)).toString('latin1');
  if (!text.startsWith('PK\x03\x04')) return OTHERS.find((one) => text.startsWith(one.start))?.is ?? null;
  if (IN_A_DOCUMENT.some((name) => text.includes(name))) return 'is a document and no CSV file; send its payments as a CSV';
  return IN_A_SPREADSHEET.some((name) => text.includes(name)) ? SPREADSHEET : ARCHIVE;
};

/** Whether the first line that is not empty names a column of a batch, however it is separated. */
export const hasCsvHeader = (start: Uint8Array): boolean => {
  const header = /^.*[^\s,;"].*$/m.exec(new TextDecoder().decode(start))?.[0] ?? '';
  const names = header.split(/[,;\t]/).map((cell) => cell.replace(/[\s"_-]/g, '').toLowerCase());
  return CSV_COLUMNS.some((column) => names.includes(column.replaceAll('_', '')));
};
