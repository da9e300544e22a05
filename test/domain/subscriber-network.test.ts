import { expect, test } from '@jest/globals';
import { subscriberNetwork } from '../../domain/network.js';

test.each([
  ['192.0.2.1', '192.0.2.1/32'],
  ['::ffff:192.0.2.1', '192.0.2.1/32'],
  ['::FFFF:c000:0201', '192.0.2.1/32'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1/32'],
  ['0000:0000:0000:0000:0000:ffff:c000:201', '192.0.2.1/32'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8::/64'],
  ['2001:db8:0:0:1::', '2001:db8::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['::1', '::/64'],
  ['::192.0.2.1', '::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b::/64'],
])('%s is of the network %s', (address, network) => {
  expect(subscriberNetwork(address)).toBe(network);
});

test.each(['', 'unknown', '192.0.2', '192.0.2.1.', '010.0.0.1', '192.0.2.1:443', '[2001:db8::1]', '2001:db8::1::2', 'x'.repeat(10_000)])(
  '%s is no address',
  (text) => {
    expect(subscriberNetwork(text)).toBeNull();
  },
);
