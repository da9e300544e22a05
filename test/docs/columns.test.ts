import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const COLUMNS = 120;

/** A line that holds one link and nothing else; a long address cannot be broken. */
const LINK_ALONE = /^\s*(?:[-*] )?(?:!?\[[^\]]*\]\([^)]*\)|<[^>]*>|https?:\S+)$/;

/** The lines of a document that are too wide, as `number: beginning`. Code blocks may be wider. */
const wideLines = (text: string): string[] => {
  let inCode = false;
  return text.split('\n').flatMap((line, index) => {
    if (line.trimStart().startsWith('```')) {
      inCode = !inCode;
      return [];
    }
    return inCode || [...line].length <= COLUMNS || LINK_ALONE.test(line) ? [] : [`${index + 1}: ${line.slice(0, 60)}`];
  });
};

const DOCUMENTS = execFileSync('git', ['ls-files', '*.md'], { encoding: 'utf8' }).trim().split('\n');

test(`no line of a document is wider than ${COLUMNS} characters`, () => {
  expect(DOCUMENTS.length).toBeGreaterThan(40);
  expect(DOCUMENTS.flatMap((path) => wideLines(readFileSync(path, 'utf8')).map((line) => `${path}:${line}`))).toEqual([]);
});

test('wide prose and wide tables are found; wide code and lone links are not', () => {
  const wide = 'x'.repeat(COLUMNS + 1);
  expect(wideLines(wide)).toHaveLength(1);
  expect(wideLines(`| ${wide} |`)).toHaveLength(1);
  expect(wideLines(`\`\`\`sh\n${wide}\n\`\`\``)).toEqual([]);
  expect(wideLines(`[a page](https://example.com/${wide})`)).toEqual([]);
});
