import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

test('the glossary has every word once', () => {
  const rows = readFileSync('docs/glossary.md', 'utf8').matchAll(/^\| (?!---|word )([^|]+) \|/gm);
  const words = [...rows].flatMap(([, words = '']) => words.split(',').map((word) => word.trim().toLowerCase()));
  expect(words.length).toBeGreaterThan(80);
  expect(words.filter((word, i) => words.indexOf(word) !== i)).toEqual([]);
});
