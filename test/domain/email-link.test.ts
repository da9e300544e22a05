import { expect, test } from '@jest/globals';
import { LETTERS_AN_HOUR, LINK_HOURS, linkOf, tokenIn } from '../../domain/email-link.js';

test('the token stands in the fragment, which no server sees', () => {
  const url = new URL(linkOf('https://pay.example.com/console/?x=1', 'sluice_link_abc'));
  expect([url.origin, url.pathname, url.search, url.hash]).toEqual(['https://pay.example.com', '/', '', '#token=sluice_link_abc']);
});

test.each([
  ['a link', 'https://pay.example.com/#token=sluice_link_abc'],
  ['a link with blanks around', '  https://pay.example.com/#token=sluice_link_abc\n'],
  ['a token', 'sluice_link_abc'],
  ['a token with blanks around', ' sluice_link_abc\t'],
  ['the end of a link', '#token=sluice_link_abc'],
])('the token is found in %s', (_what, pasted) => {
  expect(tokenIn(pasted)).toBe('sluice_link_abc');
});

test('a link is good for a day, and three letters an hour are enough', () => {
  expect([LINK_HOURS, LETTERS_AN_HOUR]).toEqual([24, 3]);
});
