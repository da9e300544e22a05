import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deviceOf, networkOf } from '../../api/origin.js';

test('a network is the first 24 bits of an IPv4 address, also of one that is mapped into IPv6', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const network = `${address.split('.').slice(0, 3).join('.')}.0/24`;
      expect([networkOf(address), networkOf(`::ffff:${address}`)]).toEqual([network, network]);
    }),
  );
});

test('a network is the first 48 bits of an IPv6 address', () => {
  expect(networkOf('2001:db8:1:2::3')).toBe('2001:db8:1::/48');
  expect(networkOf('::1')).toBe('::/48');
});

test('what is no address is no network', () => {
  for (const text of [undefined, '', 'unix', '1.2.3', '1.2.3.4.5', '2001:db8']) expect(networkOf(text)).toBeNull();
});

test('a program is one line without what deceives, of at most 200 characters', () => {
  expect(deviceOf('  sluice/0.1.0   (linux) ')).toBe('sluice/0.1.0 (linux)');
  expect(deviceOf('x'.repeat(300))).toBe('x'.repeat(200));
  for (const text of [undefined, '', '   ', 'a\u202eb', 'a\u0000b']) expect(deviceOf(text)).toBeNull();
});
