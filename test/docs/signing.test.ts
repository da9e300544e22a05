import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { contentDigestField } from '../../domain/http-signature/content-digest.js';
import { readSigned, SIGNATURE_WINDOW_S } from '../../domain/http-signature/profile.js';
import { COMPONENTS_MAX } from '../../domain/http-signature/signature.js';
import { sha256 } from '../../vault/sha256.js';

// Published test vectors: the keys of RFC 9421, appendices B.1.4 and B.1.5. They protect nothing, and a scan for secrets may pass them over.
const PUBLISHED_ED25519 = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs',
  d: 'n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU',
};
const PUBLISHED_HMAC = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==';

const page = readFileSync('docs/signing.md', 'utf8');
/** The blocks of one language, in their order. */
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, 'gms'))].map(([, block = '']) => block);

test('the example to test another implementation holds, to the byte', () => {
  const [content = ''] = blocks('json');
  const [base = '', signatures = ''] = blocks('text');
  const lineOf = (name: string): string => new RegExp(`^"${name}": (.*)$`, 'm').exec(base)?.[1] ?? '';
  expect(lineOf('content-digest')).toBe(contentDigestField('sha-256', sha256(Buffer.from(content))));
  const key = createPrivateKey({ key: PUBLISHED_ED25519, format: 'jwk' });
  const made = {
    ed25519: (text: string) => sign(null, Buffer.from(text), key),
    'hmac-sha256': (text: string) => createHmac('sha256', Buffer.from(PUBLISHED_HMAC, 'base64')).update(text).digest(),
  };
  const lines = signatures.split('\n').map((line) => line.split(/ +/));
  expect(lines.map(([algorithm]) => algorithm)).toEqual(Object.keys(made));
  for (const [algorithm = '', signature = ''] of lines) {
    const own = base.replace('alg="ed25519"', `alg="${algorithm}"`);
    expect(made[algorithm as keyof typeof made](own).toString('base64')).toBe(signature);
    const fields: Record<string, string> = {
      'content-digest': lineOf('content-digest'),
      'idempotency-key': lineOf('idempotency-key'),
      'signature-input': `sig1=${lineOf('@signature-params').replace('alg="ed25519"', `alg="${algorithm}"`)}`,
      signature: `sig1=:${signature}:`,
    };
    const request = { method: lineOf('@method'), targetUri: lineOf('@target-uri'), field: (name: string) => [fields[name] ?? []].flat() };
    expect(readSigned(request, new Date('2026-05-04T12:00:00Z'))).toMatchObject({ base: own, algorithm });
  }
});

test('the numbers of the page are those of the code', () => {
  expect(page).toContain(`from ${SIGNATURE_WINDOW_S} s before it until ${SIGNATURE_WINDOW_S} s after it`);
  expect(page).toContain(`${COMPONENTS_MAX} in all`);
});
