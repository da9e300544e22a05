import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { isOriginOf } from '../../domain/passkey.js';
import { creationOptions, fromBase64url, requestOptions } from '../../operations/passkey/options.js';
import type { WireAssertion } from '../../operations/passkey/ports.js';
import { openPasskeys } from '../../vault/passkeys.js';
import { newAuthenticator, otherSignature, RELYING_PARTY, rsaCoseKey, type Twist, USER_PRESENT, USER_VERIFIED } from '../world/passkey.js';

const { verifyAssertion, verifyRegistration } = openPasskeys(RELYING_PARTY);
const same = (expected: Uint8Array) => (given: Uint8Array) => Buffer.compare(given, expected) === 0;

/** Creates a passkey and lets it sign; what the server reads of both. */
const ceremony = async (twist: Twist = {}) => {
  const device = newAuthenticator();
  const [first, second] = [randomBytes(32), randomBytes(32)];
  const whose = { personId: '01890000-0000-7000-8000-000000000000', name: 'Ana', email: 'ana@example.com' };
  const answer = device.create(creationOptions(RELYING_PARTY, whose, first, []));
  const made = await verifyRegistration(answer, { isChallenge: same(first), relyingParty: RELYING_PARTY });
  if (!made) throw new Error('the passkey was not read');
  const { response }: WireAssertion = device.get(requestOptions(RELYING_PARTY, second, [made.credentialId]), twist);
  const assertion = {
    authenticatorData: fromBase64url(response.authenticatorData),
    clientData: fromBase64url(response.clientDataJSON),
    signature: fromBase64url(response.signature),
  };
  return { device, made, assertion, challenge: second };
};
const isOrigin = (origin: string) => isOriginOf(RELYING_PARTY.id, origin);

test('an honest passkey is read, and what it signs has its counter', async () => {
  const { device, made, assertion, challenge } = await ceremony();
  expect(Buffer.from(made.credentialId)).toEqual(device.credentialId);
  expect(Buffer.from(made.publicKey)).toEqual(device.publicKey);
  expect(made.signCount).toBe(1);
  expect(await verifyAssertion(assertion, { isChallenge: same(challenge), isOrigin, rpId: RELYING_PARTY.id, publicKey: made.publicKey })).toEqual({
    signCount: 2,
  });
});

test.each([
  [512, 'kept'],
  [1024, 'none'],
])('a new key with a modulus of %i bytes is %s', async (bytes, what) => {
  const challenge = randomBytes(32);
  const whose = { personId: '01890000-0000-7000-8000-000000000000', name: 'Ana', email: 'ana@example.com' };
  const publicKey = rsaCoseKey(bytes);
  const answer = newAuthenticator().create(creationOptions(RELYING_PARTY, whose, challenge, []), { publicKey });
  const made = await verifyRegistration(answer, { isChallenge: same(challenge), relyingParty: RELYING_PARTY });
  expect(made && Buffer.from(made.publicKey)).toEqual(what === 'kept' ? publicKey : null);
});

describe('an assertion is none', () => {
  const twists: [string, Twist][] = [
    ['of another origin', { origin: 'https://sluice.example.net' }],
    ['of an origin that is no address', { origin: 'null' }],
    ['of a page in a frame of another origin', { crossOrigin: true }],
    ['of another type', { type: 'webauthn.create' }],
    ['without verification of the user', { flags: USER_PRESENT }],
    ['without presence of the user', { flags: USER_VERIFIED }],
    ['for another host', { rpId: 'sluice.example.net' }],
    ['with another signature', { signature: otherSignature }],
    ['with no signature', { signature: () => Buffer.alloc(0) }],
  ];
  test.each(twists)('%s', async (_what, twist) => {
    const { made, assertion, challenge } = await ceremony(twist);
    expect(
      await verifyAssertion(assertion, { isChallenge: same(challenge), isOrigin, rpId: RELYING_PARTY.id, publicKey: made.publicKey }),
    ).toBeNull();
  });

  test('of another challenge, another key, or bytes that are nothing', async () => {
    const [{ made, assertion, challenge }, other] = [await ceremony(), await ceremony()];
    const expected = { isChallenge: same(challenge), isOrigin, rpId: RELYING_PARTY.id, publicKey: made.publicKey };
    expect(await verifyAssertion(assertion, { ...expected, isChallenge: same(other.challenge) })).toBeNull();
    expect(await verifyAssertion(assertion, { ...expected, publicKey: other.made.publicKey })).toBeNull();
    expect(await verifyAssertion(assertion, { ...expected, publicKey: randomBytes(77) })).toBeNull();
    for (const member of ['authenticatorData', 'clientData', 'signature'] as const)
      expect(await verifyAssertion({ ...assertion, [member]: randomBytes(50) }, expected)).toBeNull();
  });
});
