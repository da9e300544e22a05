import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contentDigestField, readContentDigest } from '../../domain/http-signature/content-digest.js';
import { readDictionary } from '../../domain/http-signature/fields.js';
import { readSigned, SIGNATURE_WINDOW_S } from '../../domain/http-signature/profile.js';
import { componentValue, type SignableRequest } from '../../domain/http-signature/request.js';
import { COMPONENTS_MAX, readSignature } from '../../domain/http-signature/signature.js';
import { toWireId } from '../../domain/ids.js';
import { systemEntropy } from '../../vault/entropy.js';
import { newSigner, type Plain, signRequest, type Twist } from '../world/signing.js';

const KEY_ID = toWireId('signingKey', systemEntropy.newId());
const signer = newSigner('hmac-sha256', KEY_ID);
const NOW = new Date('2026-05-04T12:00:00Z');
const NOW_S = NOW.getTime() / 1_000;
const URL_ = 'https://pay.example/v1/payout-batches?validate_only=true';

const PLAIN: Plain = {
  method: 'POST',
  url: URL_,
  headers: { 'content-type': 'application/json', 'content-length': '2', 'idempotency-key': 'key-of-june' },
  body: '{}',
};

/** A request as the server sees it. `lines` are header fields with several lines. */
const received = ({ method, url, headers }: Plain, lines: Record<string, string[]> = {}): SignableRequest => ({
  method,
  targetUri: url,
  field: (name) => (Object.hasOwn(lines, name) ? (lines[name] ?? []) : Object.hasOwn(headers, name) ? [headers[name] ?? ''] : []),
});

const problemOf = (request: SignableRequest, now = NOW): string | null => {
  const read = readSigned(request, now);
  return 'problem' in read ? read.problem : null;
};
const signedAt = (twist: Twist = {}, plain = PLAIN) => signRequest(signer, plain, { created: NOW_S, ...twist });

test('what the content has to hash to is read with it, and is null when the signature speaks of none', () => {
  const read = readSigned(received(signedAt()), NOW);
  expect('digests' in read && [...(read.digests ?? [])].map(([algorithm, digest]) => [algorithm, digest.length])).toEqual([['sha-256', 32]]);
  const bare = readSigned(received(signedAt({}, { method: 'DELETE', url: URL_, headers: {} })), NOW);
  expect('digests' in bare && bare.digests).toBeNull();
});

test('a signature of everything that is asked for is read, with what is left to verify', () => {
  expect(readSigned(received(signedAt({ nonce: 'nonce-of-16-chars' })), NOW)).toMatchObject({
    signingKeyId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    algorithm: 'hmac-sha256',
    nonce: 'nonce-of-16-chars',
    created: NOW_S,
    value: expect.any(Uint8Array),
    base: expect.stringMatching(
      /^"@method": POST\n"@target-uri": https:.*\n"content-digest": sha-256=:.*:\n"idempotency-key": key-of-june\n"@signature-params": \(/,
    ),
  });
});

describe('the window', () => {
  const W = SIGNATURE_WINDOW_S;
  test('is 300 s', () => expect(W).toBe(300));

  test.each([-301, -300, -299, 0, 299, 300, 301])('%i s after `created`', (seconds) => {
    const problem = problemOf(received(signedAt()), new Date(NOW.getTime() + seconds * 1_000));
    expect(problem).toBe(Math.abs(seconds) > 300 ? 'created is more than 300 s off' : null);
  });

  test('counts whole seconds of the clock, so that a millisecond decides nothing', () => {
    expect(problemOf(received(signedAt()), new Date(NOW.getTime() + 300_999))).toBeNull();
    expect(problemOf(received(signedAt()), new Date(NOW.getTime() + 301_000))).not.toBeNull();
  });

  test('ends earlier where the signature says so, and never later', () => {
    expect(problemOf(received(signedAt({ parameters: { expires: NOW_S + 1 } })))).toBeNull();
    expect(problemOf(received(signedAt({ parameters: { expires: NOW_S } })))).toBe('the signature has expired');
    expect(problemOf(received(signedAt({ parameters: { expires: NOW_S + 9_999 } })), new Date(NOW.getTime() + 301_000))).toBe(
      'created is more than 300 s off',
    );
  });
});

describe('what has to be covered', () => {
  const ALL = ['@method', '@target-uri', 'content-digest', 'idempotency-key'];
  test.each(ALL)('%s is', (name) => {
    expect(problemOf(received(signedAt({ components: ALL.filter((one) => one !== name) })))).toBe(`${name} is not covered`);
  });

  test('more may be', () => {
    expect(problemOf(received(signedAt({ components: [...ALL, 'content-type', '@authority', '@path', '@query', '@scheme'] })))).toBeNull();
  });

  test('content has a digest, of whatever length it says it is', () => {
    const { body: _, ...bare } = PLAIN;
    for (const head of [{ 'content-length': '2' }, { 'transfer-encoding': 'chunked' }] as Record<string, string>[])
      expect(problemOf(received(signedAt({}, { ...bare, headers: head })))).toBe('there is content and no Content-Digest');
    for (const head of [{ 'content-length': '0' }, {}] as Record<string, string>[])
      expect(problemOf(received(signedAt({}, { ...bare, headers: head })))).toBeNull();
  });
});

describe('parameters', () => {
  test.each(['created', 'nonce', 'alg', 'keyid'])('%s is needed', (name) => {
    expect(problemOf(received(signedAt({ parameters: { [name]: undefined } })))).toBe('created, nonce, alg or keyid is missing');
  });

  test('a nonce of 128 characters, a tag and an end are taken', () => {
    for (const parameters of [{ nonce: '~'.repeat(128) }, { nonce: '!'.repeat(16) }, { tag: 'payouts' }, { expires: NOW_S + 60 }])
      expect(problemOf(received(signedAt({ parameters })))).toBeNull();
  });

  test.each<[string, Record<string, string | number>, string]>([
    ['an algorithm that is not known', { alg: 'rsa-v1_5-sha256' }, 'the algorithm is not known'],
    ['an algorithm in capitals', { alg: 'HMAC-SHA256' }, 'the algorithm is not known'],
    ['a key of another kind', { keyid: toWireId('apiKey', systemEntropy.newId()) }, 'keyid is no id of a signing key'],
    ['a short nonce', { nonce: 'x'.repeat(15) }, 'the nonce has not 16 to 128 printable characters'],
    ['a long nonce', { nonce: 'x'.repeat(129) }, 'the nonce has not 16 to 128 printable characters'],
    ['a nonce behind a blank', { nonce: ' nonce-of-16-chars' }, 'the nonce has not 16 to 128 printable characters'],
    ['a nonce before a blank', { nonce: 'nonce-of-16-chars ' }, 'the nonce has not 16 to 128 printable characters'],
    ['a tag that is a number', { tag: 1 }, 'a parameter of the signature is unknown or of another type'],
    ['an end that is a text', { expires: String(NOW_S + 60) }, 'a parameter of the signature is unknown or of another type'],
    ['a nonce with a blank', { nonce: 'nonce of 17 chars' }, 'the nonce has not 16 to 128 printable characters'],
    ['a parameter that is not known', { more: 1 }, 'a parameter of the signature is unknown or of another type'],
    ['a time that is a text', { created: String(NOW_S) }, 'a parameter of the signature is unknown or of another type'],
    ['a time with a fraction', { created: NOW_S + 0.5 }, 'a parameter of the signature is unknown or of another type'],
    ['a nonce that is a number', { nonce: 1_234_567_890 }, 'a parameter of the signature is unknown or of another type'],
  ])('%s is refused', (_, parameters, problem) => {
    expect(problemOf(received(signedAt({ parameters })))).toBe(problem);
  });
});

describe('the two header fields', () => {
  const honest = signedAt();
  const input = honest.headers['signature-input'] ?? '';
  const value = honest.headers['signature'] ?? '';
  const withFields = (fields: Record<string, string | undefined>) => {
    const headers = Object.fromEntries(
      Object.entries({ ...honest.headers, ...fields }).filter((one): one is [string, string] => one[1] !== undefined),
    );
    return received({ ...honest, headers });
  };
  const inner = input.slice('sig1='.length);

  const FORM = 'Signature-Input or Signature is no dictionary in canonical form';
  const ONE = 'one signature is taken, under one label';
  const NAMES = 'a component is no text, or has parameters';

  test.each<[string, Record<string, string | undefined>, string]>([
    ['no Signature', { signature: undefined }, 'Signature-Input and Signature belong together'],
    ['no Signature-Input', { 'signature-input': undefined }, 'Signature-Input and Signature belong together'],
    ['an empty Signature-Input', { 'signature-input': '' }, ONE],
    ['an empty Signature', { signature: '' }, ONE],
    ['labels that differ', { signature: value.replace('sig1', 'sig2') }, ONE],
    ['a label twice', { 'signature-input': `${input}, ${input}` }, FORM],
    ['two labels', { 'signature-input': `${input}, sig2=${inner}`, signature: `${value}, ${value.replace('sig1', 'sig2')}` }, ONE],
    ['two labels of which one has a signature', { 'signature-input': `${input}, sig2=${inner}` }, ONE],
    ['two signatures of which one says what it is of', { signature: `${value}, ${value.replace('sig1', 'sig2')}` }, ONE],
    ['a parameter twice', { 'signature-input': `${input};created=${NOW_S}` }, FORM],
    ['a blank too many', { 'signature-input': input.replace('" "', '"  "') }, FORM],
    ['a number in another form', { 'signature-input': input.replace(`created=${NOW_S}`, `created=0${NOW_S}`) }, FORM],
    ['no list', { 'signature-input': 'sig1="@method"' }, 'Signature-Input lists no components'],
    ['text behind it', { 'signature-input': `${input} x` }, FORM],
    ['a component twice', { 'signature-input': input.replace('("@method"', '("@method" "@method"') }, 'a component is listed twice'],
    ['a component that is a token', { 'signature-input': input.replace('"@method"', 'method') }, NAMES],
    ['a component with a parameter', { 'signature-input': input.replace('"@method"', '"@method";req') }, NAMES],
    [
      'a derived component that is not known',
      { 'signature-input': input.replace('("@method"', '("@status" "@method"') },
      'a derived component is not known here',
    ],
    ['a field that is not there', { 'signature-input': input.replace('("@method"', '("x-more" "@method"') }, 'x-more is covered and not there'],
    [
      'a field named like a member of every object',
      { 'signature-input': input.replace('("@method"', '("__proto__" "@method"') },
      '__proto__ is covered and not there',
    ],
    ...['Content-Type', 'content type', 'content-type:', ''].map((name): [string, Record<string, string>, string] => [
      `the name ${JSON.stringify(name)}, which is none of a field`,
      { 'signature-input': input.replace('("@method"', `("${name}" "@method"`) },
      'a component is no name of a header field in lower case',
    ]),
    ['a signature that is a text', { signature: 'sig1="AAAA"' }, 'Signature holds no byte sequence'],
    ['a signature with a parameter', { signature: `${value};more` }, 'Signature holds no byte sequence'],
    ['a signature in broken base64', { signature: 'sig1=:AAA:' }, FORM],
    ['a signature in base64 of another form', { signature: value.replace('=:', '=: ') }, FORM],
    [
      'an unreadable digest',
      { 'content-digest': 'sha-256=x' },
      'Content-Digest has another algorithm than sha-256 and sha-512, or no digest of its length',
    ],
  ])('%s is refused', (_, fields, problem) => {
    expect(problemOf(withFields(fields))).toBe(problem);
  });

  test('as many components as there may be are read', () => {
    const more = Object.fromEntries(Array.from({ length: COMPONENTS_MAX - 4 }, (_, n) => [`x-${n}`, 'more']));
    const request = signedAt(
      { components: ['@method', '@target-uri', 'content-digest', 'idempotency-key', ...Object.keys(more)] },
      {
        ...PLAIN,
        headers: { ...PLAIN.headers, ...more },
      },
    );
    expect(problemOf(received(request))).toBeNull();
  });

  test('too many components are refused before any of them is looked up', () => {
    const more = Array.from({ length: COMPONENTS_MAX }, (_, n) => `"x-${n}"`).join(' ');
    expect(problemOf(withFields({ 'signature-input': input.replace('("@method"', `(${more} "@method"`) }))).toBe('more than 16 components');
  });

  test.each(['signature', 'signature-input', 'content-digest', 'idempotency-key'])('%s in two lines is refused', (name) => {
    const line = honest.headers[name] ?? '';
    expect(problemOf(received(honest, { [name]: [line, line] }))).toMatch(/several lines$/);
    expect(problemOf(received(honest, { [name]: [line, 'sig9=:AAAA:'] }))).toMatch(/several lines$/);
  });

  test('whatever they hold, the answer is a problem and no exception', () => {
    const junk = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(input, value),
      fc.string().map((text) => `sig1=(${text})`),
    );
    fc.assert(
      fc.property(junk, junk, junk, (given, made, digest) => {
        const request = withFields({ 'signature-input': given, signature: made, 'content-digest': digest });
        if (given !== input || made !== value) expect(problemOf(request)).not.toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  test('what is read is what stands there, to the byte', () => {
    const read = readSignature(received(honest));
    expect('signature' in read && `sig1=${read.signature.text}`).toBe(input);
  });
});

describe('components (RFC 9421, section 2.2)', () => {
  const valueIn = (name: string, targetUri: string, fields: Record<string, string[]> = {}) =>
    componentValue({ method: 'GET', targetUri, field: (one) => fields[one] ?? [] }, name);

  test.each([
    ['@authority', 'https://Pay.Example:443/x', 'pay.example'],
    ['@authority', 'http://pay.example:80', 'pay.example'],
    ['@authority', 'https://pay.example:80/', 'pay.example:80'],
    ['@scheme', 'https://pay.example/', 'https'],
    ['@path', 'https://pay.example', '/'],
    ['@path', 'https://pay.example/a/../b%2f?x', '/a/../b%2f'],
    ['@query', 'https://pay.example/a?x=1&y', '?x=1&y'],
    ['@query', 'https://pay.example/a', '?'],
    ['@query', 'https://pay.example?x', '?x'],
    ['@path', 'https://pay.example?x', '/'],
    ['@authority', 'https://pay.example:4430/', 'pay.example:4430'],
    ['@authority', 'http://pay.example:443/', 'pay.example:443'],
    ['@scheme', 'http://pay.example/', 'http'],
    ['@method', 'https://pay.example/', 'GET'],
    ['@target-uri', 'https://pay.example/a?b', 'https://pay.example/a?b'],
  ])('%s of %s', (name, uri, value) => expect(valueIn(name, uri)).toEqual({ value }));

  test('lines of a field are joined, without the blanks around each', () => {
    expect(valueIn('x-a', 'https://a/', { 'x-a': [' one\t', 'two', ''] })).toEqual({ value: 'one, two, ' });
    expect(valueIn('x-a', 'https://a/', { 'x-a': ['\t  in  side \t', '~ !'] })).toEqual({ value: 'in  side, ~ !' });
  });

  test.each(['ü', 'a\nb', 'a\rb', 'a\0b', 'a\u2028'])('a value that no base may hold is refused: %j', (value) => {
    expect(valueIn('x-a', 'https://a/', { 'x-a': [value] })).toEqual({ problem: 'x-a has a character that no signature base may hold' });
  });

  test.each([
    ...['ftp://a/', '/v1', 'https:///x', 'https://a b/', '', 'xhttps://a/', 'https:/a/', 'https://a/#x', 'https://a/?x#y', 'https://a/x y'],
    ...['https://a/?x y', 'https://', 'HTTPS://a/'],
  ])('%j is no target URI', (uri) => expect(valueIn('@path', uri)).toEqual({ problem: 'the target URI cannot be read' }));
});

describe('Content-Digest (RFC 9530)', () => {
  const field = (...lines: string[]) => readContentDigest({ field: () => lines });
  const [short, long] = [contentDigestField('sha-256', new Uint8Array(32)), contentDigestField('sha-512', new Uint8Array(64))];

  test('one digest or both', () => {
    expect(field(short)).toEqual({ digests: new Map([['sha-256', new Uint8Array(32)]]) });
    expect(field(`${short}, ${long}`)).toEqual({
      digests: new Map(Object.entries({ 'sha-256': new Uint8Array(32), 'sha-512': new Uint8Array(64) })),
    });
  });

  test.each([[[]], [[short, '']], [[short, short]]])('%j stands nowhere or in several lines', (lines) =>
    expect(field(...lines)).toEqual({ problem: 'Content-Digest is not there, or stands in several lines' }),
  );

  test.each(['', `${short}, ${short}`, ` ${short}`])('%j has another form', (line) =>
    expect(field(line)).toEqual({ problem: 'Content-Digest is no dictionary in canonical form' }),
  );

  test.each([
    'md5=:AAAAAAAAAAAAAAAAAAAAAA==:',
    `${short}, unixsum=:AA==:`,
    short.replace('sha-256', 'sha-512'),
    long.replace('sha-512', 'sha-256'),
    'sha-256',
    'sha-256="x"',
    `${short};x`,
  ])('%j has an algorithm or a length that is not taken', (line) =>
    expect(field(line)).toEqual({ problem: 'Content-Digest has another algorithm than sha-256 and sha-512, or no digest of its length' }),
  );
});

test.each(['a=1,b=2', 'a=1 , b=2', ' a=1', 'a=1, a=2', 'a=1.0', 'a=:QQ:', 'a=:QR==:', 'a;b;b', 'a=1,', 'a=?1', 'a=("x"  "y")', 'A=1'])(
  '%j is no dictionary in canonical form (RFC 9651, section 4.1)',
  (text) => expect(readDictionary(text)).toBeNull(),
);
