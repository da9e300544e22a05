import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { openRateKey } from '../../vault/rate-key.js';

const keyFile = () => ({ root: { id: 'root', key: randomBytes(32) } });

test('a counter has one name in all processes of an installation, another in another one, and no part of an address is in it', () => {
  const ours = keyFile();
  const [first, second, other] = [openRateKey(ours), openRateKey(ours), openRateKey(keyFile())];
  const name = first('read network 192.0.2.1');
  expect(second('read network 192.0.2.1')).toBe(name);
  expect(first('read network 192.0.2.2')).not.toBe(name);
  expect(other('read network 192.0.2.1')).not.toBe(name);
  expect(name).toMatch(/^[\w-]{43}$/);
});
