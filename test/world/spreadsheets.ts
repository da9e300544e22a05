/** A table as a person has it in a spreadsheet: text as it is shown, with a decimal point or comma as the program's region has it. */
export type Sheet = readonly (readonly string[])[];

interface Habits {
  separator: ',' | ';' | '\t';
  lineEnd: '\n' | '\r\n' | '\r';
  /** Whether the last row has a line end too. */
  endsLast: boolean;
  /** A line in front of the header. */
  first?: string;
  encode: (text: string) => Buffer;
}

/** Cells are quoted where the separator, a quote or a line end makes it necessary. */
const write = (sheet: Sheet, { separator, lineEnd, endsLast, first, encode }: Habits): Buffer => {
  const quoted = (cell: string) => (cell.includes(separator) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = [...(first === undefined ? [] : [first]), ...sheet.map((row) => row.map(quoted).join(separator))];
  return encode(lines.join(lineEnd) + (endsLast ? lineEnd : ''));
};

const utf8 = (text: string) => Buffer.from(text);
const utf8WithMark = (text: string) => Buffer.from(`\ufeff${text}`);
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
/** The letters of the tests are at the same places in Windows-1252 and ISO 8859-1. */
const windows1252 = (text: string) => Buffer.from(text, 'latin1');
const MAC_ROMAN: Readonly<Record<string, number>> = { ü: 0x9f, ö: 0x9a };
const macRoman = (text: string) => Buffer.from([...text].map((letter) => MAC_ROMAN[letter] ?? letter.charCodeAt(0)));

const windows = { separator: ',', lineEnd: '\r\n', endsLast: true } as const;

/** What programs write, by what a person chooses in them. */
export const SAVED_AS = {
  'Excel, CSV UTF-8': (sheet: Sheet) => write(sheet, { ...windows, encode: utf8WithMark }),
  'Excel in Europe, CSV UTF-8': (sheet: Sheet) => write(sheet, { ...windows, separator: ';', encode: utf8WithMark }),
  'Excel, CSV (Comma delimited)': (sheet: Sheet) => write(sheet, { ...windows, encode: windows1252 }),
  'Excel, CSV (Macintosh)': (sheet: Sheet) => write(sheet, { ...windows, lineEnd: '\r', encode: macRoman }),
  'Excel, CSV (MS-DOS)': (sheet: Sheet) => write(sheet, { ...windows, encode: windows1252 }),
  'Excel, Text (Tab delimited)': (sheet: Sheet) => write(sheet, { ...windows, separator: '\t', encode: windows1252 }),
  'Excel, Unicode Text': (sheet: Sheet) => write(sheet, { ...windows, separator: '\t', encode: utf16 }),
  'LibreOffice, UTF-8 and comma': (sheet: Sheet) => write(sheet, { separator: ',', lineEnd: '\n', endsLast: true, encode: utf8 }),
  'LibreOffice, UTF-8 and semicolon': (sheet: Sheet) => write(sheet, { separator: ';', lineEnd: '\n', endsLast: true, encode: utf8 }),
  'LibreOffice, UTF-8 and tab': (sheet: Sheet) => write(sheet, { separator: '\t', lineEnd: '\n', endsLast: true, encode: utf8 }),
  'LibreOffice, Windows-1252': (sheet: Sheet) => write(sheet, { separator: ',', lineEnd: '\n', endsLast: true, encode: windows1252 }),
  'LibreOffice, UTF-16': (sheet: Sheet) => write(sheet, { separator: ',', lineEnd: '\n', endsLast: true, encode: utf16 }),
  'Numbers, Unicode (UTF-8)': (sheet: Sheet) => write(sheet, { separator: ',', lineEnd: '\n', endsLast: false, encode: utf8 }),
  'Numbers in Europe, Unicode (UTF-8)': (sheet: Sheet) => write(sheet, { ...windows, separator: ';', encode: utf8 }),
  'Google Sheets, Comma-separated values': (sheet: Sheet) => write(sheet, { ...windows, endsLast: false, encode: utf8 }),
  'Google Sheets, Tab-separated values': (sheet: Sheet) => write(sheet, { ...windows, separator: '\t', endsLast: false, encode: utf8 }),
  'an export for Excel, sep=;': (sheet: Sheet) => write(sheet, { ...windows, separator: ';', first: 'sep=;', encode: utf8WithMark }),
  'an export for Excel, sep=,': (sheet: Sheet) => write(sheet, { ...windows, first: 'sep=,', encode: utf8WithMark }),
} as const;

export type Program = keyof typeof SAVED_AS;
