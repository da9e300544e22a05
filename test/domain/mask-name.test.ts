import { expect, test } from '@jest/globals';
import { maskName } from '../../domain/mask-name.js';

test.each([
  ['Ada Lovelace', 'A… L…'],
  ['Ångström', 'Å…'],
  ['𝒜da  King', '𝒜… K…'],
  ['7 Seas Ltd', '7… S… L…'],
])('%s is shown as %s', (name, masked) => {
  expect(maskName(name)).toBe(masked);
});
