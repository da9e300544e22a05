import { expect, test } from '@jest/globals';
import { deviceOf } from '../../api/origin.js';

test('a program is one line without what deceives, of at most 200 characters', () => {
  expect(deviceOf('  sluice/0.1.0   (linux) ')).toBe('sluice/0.1.0 (linux)');
  expect(deviceOf('x'.repeat(300))).toBe('x'.repeat(200));
  for (const text of [undefined, '', '   ', 'a\u202eb', 'a\u0000b']) expect(deviceOf(text)).toBeNull();
});
