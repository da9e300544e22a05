import { expect, test } from '@jest/globals';
import { nameChange } from '../../cli/render/name-change.js';

test.each([
  ['Nora Vance', 'Nils Varga', ''],
  ['Nora Vance', 'NORA VANCE', ''],
  ['Nora Vance', 'Nóra Vance', ''],
  ['Nora Vance', 'Nora Vance Lda', ''],
  ['Nora Vance', 'N\u043Era Vance', ' (another letter: U+043E)'],
  ['N\u043Era Vance', 'Nora Vance', ' (another letter: U+006F)'],
  ['Gina Rigg', 'Gina Ri\u0261g', ' (another letter: U+0261)'],
  ['Nora Vance', 'N\u043Ere Vance', ' (another letter: U+043E)'],
  ['aeop', '\u0430\u0435\u043E\u0440', ' (other letters: U+0430, U+0435, U+043E, …)'],
])('%s that becomes %s is seen to be another', (from, to, said) => {
  expect(nameChange({ from, to })).toBe(`${from} → ${to}${said}`);
});
