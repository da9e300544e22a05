import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { loadCredentials } from './page-modules.js';

const { creationOptions, requestOptions, toJson } = await loadCredentials();

/** Bytes, and how JSON has them. */
const some = (length = 32) => {
  const bytes = randomBytes(length);
  return { bytes: new Uint8Array(bytes), text: bytes.toString('base64url') };
};

test('where a browser cannot read the options, their bytes are read here and the rest stays', () => {
  const [challenge, user, known] = [some(), some(16), some(70)];
  const rest = { rp: { id: 'localhost', name: 'Sluice' }, pubKeyCredParams: [{ type: 'public-key', alg: -7 }], timeout: 60_000 };
  const made = creationOptions({
    ...rest,
    challenge: challenge.text,
    user: { id: user.text, name: 'ada@example.com', displayName: 'Ada' },
    excludeCredentials: [{ type: 'public-key', id: known.text, transports: ['internal'] }],
  });
  expect(made).toEqual({
    ...rest,
    challenge: challenge.bytes,
    user: { id: user.bytes, name: 'ada@example.com', displayName: 'Ada' },
    excludeCredentials: [{ type: 'public-key', id: known.bytes, transports: ['internal'] }],
  });
  const asked = requestOptions({ challenge: challenge.text, rpId: 'localhost', allowCredentials: [{ type: 'public-key', id: known.text }] });
  expect(asked).toEqual({ challenge: challenge.bytes, rpId: 'localhost', allowCredentials: [{ type: 'public-key', id: known.bytes }] });
  expect(requestOptions({ challenge: challenge.text })).toEqual({ challenge: challenge.bytes });
});

test('where a browser cannot write an answer, or a program in its place throws, it is written here', () => {
  const [id, client, authenticator, signature, user, attestation] = [some(), some(100), some(37), some(71), some(16), some(300)];
  const shared = { id: id.text, rawId: id.bytes.buffer, type: 'public-key', getClientExtensionResults: () => ({}) };
  const written = { id: id.text, rawId: id.text, type: 'public-key', clientExtensionResults: {} };
  const signed = {
    ...shared,
    response: {
      clientDataJSON: client.bytes.buffer,
      authenticatorData: authenticator.bytes.buffer,
      signature: signature.bytes.buffer,
      userHandle: user.bytes.buffer,
    },
  };
  const expected = {
    ...written,
    response: { clientDataJSON: client.text, authenticatorData: authenticator.text, signature: signature.text, userHandle: user.text },
  };
  expect(toJson(signed)).toEqual(expected);
  const throwing = {
    ...signed,
    toJSON: () => {
      throw new TypeError('Illegal invocation');
    },
  };
  expect(toJson(throwing)).toEqual(expected);
  expect(
    toJson({
      ...shared,
      authenticatorAttachment: 'platform',
      response: { clientDataJSON: client.bytes.buffer, attestationObject: attestation.bytes.buffer, getTransports: () => ['internal'] },
    }),
  ).toEqual({
    ...written,
    authenticatorAttachment: 'platform',
    response: { clientDataJSON: client.text, attestationObject: attestation.text, transports: ['internal'] },
  });
  expect(toJson({ toJSON: () => ({ id: 'of the browser' }) })).toEqual({ id: 'of the browser' });
});
