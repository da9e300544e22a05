import { createPublicKey, hash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contentDigestField } from '../../domain/http-signature/content-digest.js';
import { readSigned } from '../../domain/http-signature/profile.js';
import type { SignableRequest } from '../../domain/http-signature/request.js';
import { readSignature, signatureBase, signatureFields } from '../../domain/http-signature/signature.js';
import { toWireId } from '../../domain/ids.js';
import { systemEntropy } from '../../vault/entropy.js';
import { requestSignatures } from '../../vault/request-signatures.js';
import { newSigner, type Plain, signatureBy, signRequest, type TestSigner } from '../world/signing.js';

// Published test vectors: the keys of RFC 9421, appendices B.1.4 and B.1.5. They protect nothing, and a scan for secrets may pass them over.
const PUBLISHED_ED25519 = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs',
  d: 'n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU',
};
const PUBLISHED_HMAC = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==';

const published: Record<string, TestSigner & { verifying: Uint8Array }> = {
  'test-shared-secret': {
    keyId: 'test-shared-secret',
    algorithm: 'hmac-sha256',
    secret: Buffer.from(PUBLISHED_HMAC, 'base64'),
    verifying: Buffer.from(PUBLISHED_HMAC, 'base64'),
  },
  'test-key-ed25519': {
    keyId: 'test-key-ed25519',
    algorithm: 'ed25519',
    secret: Buffer.from(PUBLISHED_ED25519.d, 'base64url'),
    verifying: createPublicKey({ key: PUBLISHED_ED25519, format: 'jwk' }).export({ format: 'der', type: 'spki' }).subarray(-32),
  },
};

const requestOf = (method: string, targetUri: string, fields: Record<string, string | string[]>): SignableRequest => ({
  method,
  targetUri,
  field: (name) => [fields[name] ?? []].flat(),
});

/** The request of appendix B.2. */
const TEST_REQUEST = {
  date: 'Tue, 20 Apr 2021 02:07:55 GMT',
  'content-type': 'application/json',
  'content-digest': 'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
  'content-length': '18',
};
const CONTENT = '{"hello": "world"}';

interface Vector {
  input: string;
  signature: string;
  base: string;
}

const B_2_5: Vector = {
  input: 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
  signature: 'sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:',
  base: [
    '"date": Tue, 20 Apr 2021 02:07:55 GMT',
    '"@authority": example.com',
    '"content-type": application/json',
    '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
  ].join('\n'),
};
const B_2_6: Vector = {
  input: 'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
  signature: 'sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:',
  base: [
    '"date": Tue, 20 Apr 2021 02:07:55 GMT',
    '"@method": POST',
    '"@path": /foo',
    '"@authority": example.com',
    '"content-type": application/json',
    '"content-length": 18',
    '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
  ].join('\n'),
};

/** Whether the only signature of a request is that of its published key. Throws when it cannot be read. */
const verifies = (method: string, uri: string, fields: Record<string, string | string[]>): boolean => {
  const request = requestOf(method, uri, fields);
  const read = readSignature(request);
  if ('problem' in read) throw new Error(read.problem);
  const based = signatureBase(request, read.signature);
  const key = published[read.signature.parameters.keyid ?? ''];
  if ('problem' in based || !key) throw new Error('problem' in based ? based.problem : 'no such key');
  return requestSignatures.verify(key.algorithm, key.verifying, based.base, read.signature.value);
};

describe("RFC 9421's own vectors", () => {
  test.each([
    ['B.2.5, hmac-sha256', B_2_5],
    ['B.2.6, ed25519', B_2_6],
  ])('%s: base, signature and verification [S3-14]', (_, { input, signature, base }) => {
    const fields = { ...TEST_REQUEST, 'signature-input': input, signature };
    const request = requestOf('POST', 'https://example.com/foo?param=Value&Pet=dog', fields);
    const read = readSignature(request);
    if ('problem' in read) throw new Error(read.problem);
    expect(signatureBase(request, read.signature)).toEqual({ base });
    const signer = published[read.signature.parameters.keyid ?? ''] as TestSigner;
    const [label] = signature.split('=', 1);
    const made = signatureFields(read.signature.text, signatureBy(signer, base));
    expect([made['signature-input'], made.signature].map((text) => text.replace('sig1', label ?? ''))).toEqual([input, signature]);
    expect(verifies('POST', 'https://example.com/foo?param=Value&Pet=dog', fields)).toBe(true);
  });

  const TRANSFORM = {
    'signature-input': 'transform=("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519"',
    signature: 'transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:',
  };
  test.each<[string, string, string, string[], boolean]>([
    ['as it was signed', 'GET', 'https://example.org/demo?name1=Value1&Name2=value2', ['application/json', '*/*'], true],
    ['with a parameter added', 'GET', 'https://example.org/demo?name1=Value1&Name2=value2&param=added', ['application/json', '*/*'], true],
    ['with a field in one line', 'GET', 'https://example.org/demo?name1=Value1&Name2=value2', ['application/json, */*'], true],
    ['with blanks around a line', 'GET', 'https://example.org/demo?name1=Value1&Name2=value2', ['application/json ', ' */*'], true],
    ['with another method', 'POST', 'https://example.org/demo?name1=Value1&Name2=value2', ['application/json', '*/*'], false],
    ['with another authority', 'GET', 'https://example.com/demo?name1=Value1&Name2=value2', ['application/json', '*/*'], false],
    ['with lines in another order', 'GET', 'https://example.org/demo?name1=Value1&Name2=value2', ['*/*', 'application/json'], false],
  ])('B.4, %s', (_, method, uri, accept, holds) => {
    expect(verifies(method, uri, { ...TRANSFORM, accept })).toBe(holds);
  });

  test('the digest of the test request, and those of RFC 9530, appendix B', () => {
    const digests = (content: string) => [
      contentDigestField('sha-256', hash('sha256', content, 'buffer')),
      contentDigestField('sha-512', hash('sha512', content, 'buffer')),
    ];
    expect(digests(CONTENT)).toEqual(['sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:', TEST_REQUEST['content-digest']]);
    expect(digests(`${CONTENT}\n`)).toEqual([
      'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:',
      'sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:',
    ]);
  });
});

describe.each(['hmac-sha256', 'ed25519'] as const)('%s', (algorithm) => {
  const signer = newSigner(algorithm, toWireId('signingKey', systemEntropy.newId()));
  const verifying = algorithm === 'ed25519' ? signer.publicKey : signer.secret;
  const NOW = new Date('2026-05-04T12:00:00Z');
  const plain: Plain = {
    method: 'POST',
    url: 'https://pay.example/v1/payees?x=1',
    headers: { 'idempotency-key': 'june-2026', 'x-more': 'more' },
    body: '{"a":1}',
  };
  const honest = signRequest(signer, plain, {
    created: NOW.getTime() / 1_000,
    components: ['@method', '@target-uri', 'content-digest', 'idempotency-key', 'x-more'],
  });

  /** Whether a request is taken, by everything but its key's place in the database. */
  const isTaken = ({ method, url, headers }: Plain, key = verifying): boolean => {
    const signed = readSigned(requestOf(method, url, headers), NOW);
    return !('problem' in signed) && requestSignatures.verify(signed.algorithm, key, signed.base, signed.value);
  };

  test('an honest request is taken', () => expect(isTaken(honest)).toBe(true));

  /** Parts of a request that a signature covers, and its own. */
  const PARTS = ['method', 'url', 'content-digest', 'idempotency-key', 'x-more', 'signature-input', 'signature'] as const;
  const partOf = (request: Plain, part: (typeof PARTS)[number]): string =>
    part === 'method' || part === 'url' ? request[part] : (request.headers[part] ?? '');
  const withPart = (request: Plain, part: (typeof PARTS)[number], value: string): Plain =>
    part === 'method' || part === 'url' ? { ...request, [part]: value } : { ...request, headers: { ...request.headers, [part]: value } };

  test('any changed, added or dropped byte of what is covered is refused [S3-14] [S3-16]', () => {
    const byte = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.constantFrom(...PARTS), fc.nat(), byte, fc.constantFrom('change', 'add', 'drop'), (part, place, char, how) => {
        const before = partOf(honest, part);
        const at = place % (before.length + (how === 'add' ? 1 : 0));
        const after = before.slice(0, at) + (how === 'drop' ? '' : char) + before.slice(at + (how === 'add' ? 0 : 1));
        // Blanks around a value are no part of it.
        fc.pre(after.trim() !== before);
        expect(isTaken(withPart(honest, part, after))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test('another key, a key of another length and none at all take nothing', () => {
    const other = newSigner(algorithm, signer.keyId);
    expect(isTaken(honest, algorithm === 'ed25519' ? other.publicKey : other.secret)).toBe(false);
    for (const length of [0, 1, 31, 33, 64]) expect(isTaken(honest, new Uint8Array(length))).toBe(false);
  });

  test('a signature of another length is refused and not compared', () => {
    const signed = readSigned(requestOf(honest.method, honest.url, honest.headers), NOW);
    if ('problem' in signed) throw new Error(signed.problem);
    for (const value of [new Uint8Array(), signed.value.slice(1), Buffer.concat([signed.value, Buffer.of(0)])])
      expect(requestSignatures.verify(algorithm, verifying, signed.base, value)).toBe(false);
  });
});

test('a secret is never taken for a public key: an HMAC under the public key of ed25519 is refused', () => {
  const signer = newSigner('ed25519', toWireId('signingKey', systemEntropy.newId()));
  const base = 'any base';
  const forged = signatureBy({ ...signer, algorithm: 'hmac-sha256', secret: signer.publicKey }, base);
  expect(requestSignatures.verify('ed25519', signer.publicKey, base, forged)).toBe(false);
});
