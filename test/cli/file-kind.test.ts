import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { hasCsvHeader, otherKind, startOf } from '../../cli/file-kind.js';
import { emptyFolder, runSluice } from './run-sluice.js';

const bytes = (text: string) => Buffer.from(text, 'latin1');

test.each([
  ['a spreadsheet of Excel', 'PK\x03\x04....[Content_Types].xml', 'is a spreadsheet'],
  ['one of OpenDocument', 'PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.spreadsheet', 'is a spreadsheet'],
  ['one of Numbers', 'PK\x03\x04....Index/Document.iwa', 'is a spreadsheet'],
  ['an old one of Excel', '\xd0\xcf\x11\xe0', 'is a spreadsheet'],
  ['a text document', 'PK\x03\x04....[Content_Types].xml...word/document.xml', 'is a document'],
  ['an archive', 'PK\x03\x04....payments.csv', 'is an archive'],
  ['a PDF', '%PDF-1.7', 'is a PDF'],
  ['a picture', '\x89PNG\r\n', 'is a picture'],
])('%s is named', (_what, start, said) => {
  expect(otherKind(bytes(start))).toContain(said);
});

test.each(['payee_reference,amount\n', '\xef\xbb\xbfx', '{"items":[]}', 'PKX,1\n', ''])('%j is none of them', (start) => {
  expect(otherKind(bytes(start))).toBeNull();
});

test.each([
  ['payee_reference\tamount\treference\n', true],
  ['\n"Payee Reference";"Amount"\n', true],
  ['Dear Ana, the amount is 5\n', false],
  ['', false],
])('a text that begins with %j is a CSV: %s', (text, expected) => {
  expect(hasCsvHeader(Buffer.from(text))).toBe(expected);
});

test('only a file that can be read again is looked into', () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'a.csv'), 'abc');
  expect([startOf('-'), startOf(folder), startOf(join(folder, 'a.csv'))?.toString()]).toEqual([null, null, 'abc']);
});

test('a spreadsheet is named before anything is asked for; a .txt with a header of ours is taken', async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'june.xlsx'), bytes('PK\x03\x04....xl/workbook.xml'));
  const refused = await runSluice(['batch', 'create', 'june.xlsx'], { cwd });
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringContaining('june.xlsx is a spreadsheet and no CSV file; save it there as CSV UTF-8'),
  ]);
  expect(refused.stderr).not.toContain('--format');
  writeFileSync(join(cwd, 'june.txt'), 'payee_reference\tamount\treference\n');
  expect((await runSluice(['batch', 'create', 'june.txt'], { cwd })).stderr).toContain('No API is known here');
});
