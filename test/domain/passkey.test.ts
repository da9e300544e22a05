import { expect, test } from '@jest/globals';
import { assertionBytes, isNextCount, isOriginOf, passkeyBytes, relyingPartyOf } from '../../domain/passkey.js';

test.each([
  ['https://pay.example', 'pay.example', 'https://pay.example'],
  ['https://pay.example:8443/sluice', 'pay.example', 'https://pay.example:8443'],
  ['http://localhost:8080', 'localhost', 'http://localhost:8080'],
  ['http://127.0.0.1:8080', 'localhost', 'http://localhost:8080'],
  ['http://[::1]:8080', 'localhost', 'http://localhost:8080'],
])('passkeys of %s belong to %s, and pages of %s use them', (url, id, origin) => expect(relyingPartyOf(url)).toEqual({ id, origin }));

test.each([null, 'http://pay.example', 'https://192.0.2.7', 'https://[2001:db8::7]'])('%s is nothing that passkeys belong to', (url) =>
  expect(relyingPartyOf(url)).toBeNull(),
);

test('an origin belongs to a host over TLS, or on this machine', () => {
  expect(isOriginOf('pay.example', 'https://pay.example:8443')).toBe(true);
  for (const origin of ['http://pay.example', 'https://pay.example.net', 'https://evil.pay.example', 'pay.example', 'null', ''])
    expect([origin, isOriginOf('pay.example', origin)]).toEqual([origin, false]);
});

test('a counter goes up, or is 0 for ever', () => {
  const cases: [known: number, given: number, next: boolean][] = [
    [0, 0, true],
    [0, 1, true],
    [1, 2, true],
    [1, 1, false],
    [2, 1, false],
    [1, 0, false],
  ];
  for (const [known, given, next] of cases) expect([known, given, isNextCount(known, given)]).toEqual([known, given, next]);
});

test('the canonical form of a passkey is fixed, and any change of any member changes it', () => {
  const passkey = { factorId: 'factor', personId: 'person', credentialId: Uint8Array.of(1), publicKey: Uint8Array.of(2), rpId: 'pay.example' };
  const text = (over: Partial<typeof passkey> = {}) => new TextDecoder().decode(passkeyBytes({ ...passkey, ...over }));
  expect(text()).toBe(
    '{"credential_id":"01","domain":"sluice-passkey-v1","factor_id":"factor","person_id":"person","public_key":"02","rp_id":"pay.example"}',
  );
  for (const [member, value] of Object.entries(passkey))
    expect(text({ [member]: typeof value === 'string' ? `${value}x` : Uint8Array.of(9) })).not.toBe(text());
});

test('so is that of what it signed', () => {
  const assertion = { authenticatorData: Uint8Array.of(1), clientData: Uint8Array.of(2), signature: Uint8Array.of(3) };
  const text = (over: Partial<typeof assertion> = {}) => new TextDecoder().decode(assertionBytes({ ...assertion, ...over }));
  expect(text()).toBe('{"authenticator_data":"01","client_data":"02","domain":"sluice-assertion-v1","signature":"03"}');
  for (const member of Object.keys(assertion)) expect(text({ [member]: Uint8Array.of(9) })).not.toBe(text());
});
