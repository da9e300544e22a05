import { expect, test } from '@jest/globals';
import { apiConfig } from '../../config/api.js';
import { readConfig } from '../../config/schema.js';

const REST = { SLUICE_KEY_FILE: 'k', SLUICE_CHECKPOINT_DIR: 'c', SLUICE_API_DATABASE_URL: 'd', SLUICE_SPOOL_DIR: 's' };
const read = (proxies?: string) => readConfig(apiConfig, { ...REST, SLUICE_TRUSTED_PROXIES: proxies }).SLUICE_TRUSTED_PROXIES;

test('nobody is a trusted proxy by default', () => {
  expect([read(), read(''), read(' , ')]).toEqual([undefined, [], []]);
});

test('addresses and networks are read in one form', () => {
  expect(read('10.0.0.0/8, 192.0.2.1,::ffff:192.0.2.2 ,2001:DB8::/32')).toEqual(['10.0.0.0/8', '192.0.2.1/32', '192.0.2.2/32', '2001:db8::/32']);
});

test.each(['true', '1', 'loopback', '10.0.0.1/8', '0.0.0.0/0', '::/0', 'proxy.example'])(
  '%s is refused with what is wrong, so nobody trusts everybody',
  (proxies) => {
    expect(() => read(`192.0.2.1,${proxies}`)).toThrow(`SLUICE_TRUSTED_PROXIES: ${proxies}: `);
  },
);
