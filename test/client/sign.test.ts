import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createClient } from '../../client/client.js';
import { newKeyPair, readSigningKey, writeSigningKey } from '../../client/signing-key.js';
import { uploadCsv } from '../../client/stream.js';
import { readSigned } from '../../domain/http-signature/profile.js';
import { toWireId } from '../../domain/ids.js';
import { privateKeyObject, publicKeyObject } from '../../vault/ed25519.js';
import { systemEntropy } from '../../vault/entropy.js';
import { requestSignatures } from '../../vault/request-signatures.js';
import { sha256 } from '../../vault/sha256.js';
import { bytesOf, newSigner, type TestSigner } from '../world/signing.js';

const KEY_ID = toWireId('signingKey', systemEntropy.newId());

/** A client that signs, and what it sends; answers come in their order. */
const scripted = (signer: TestSigner, ...answers: (Response | Error)[]) => {
  const sent: { url: string; init: RequestInit }[] = [];
  const read = readSigningKey(writeSigningKey(signer.keyId, signer.algorithm, signer.secret));
  if (!read) throw new Error('the signing key is not read back');
  const client = createClient({
    baseUrl: 'http://API.example:80',
    token: 'key',
    signer: read,
    fetch: (async (url: string, init: RequestInit) => {
      sent.push({ url, init });
      const next = answers.shift() ?? new Response('{}', { headers: { 'content-type': 'application/json' } });
      if (next instanceof Error) throw next;
      return next;
    }) as typeof fetch,
    retry: { sleep: async () => undefined },
  });
  return { client, sent };
};
const headersOf = ({ init }: { init: RequestInit }) => new Headers(init.headers);

/** What the server reads out of a request, if the signature is that of the key. */
const verified = ({ url, init }: { url: string; init: RequestInit }, key: { algorithm: TestSigner['algorithm']; verifying: Uint8Array }) => {
  const headers = new Headers(init.headers);
  if (typeof init.body === 'string') headers.set('content-length', String(Buffer.byteLength(init.body)));
  const request = { method: init.method ?? 'GET', targetUri: new URL(url).href, field: (name: string) => [headers.get(name) ?? []].flat() };
  const signed = readSigned(request, new Date());
  if ('problem' in signed) throw new Error(signed.problem);
  expect(requestSignatures.verify(key.algorithm, key.verifying, signed.base, signed.value)).toBe(true);
  return signed;
};

describe.each(['hmac-sha256', 'ed25519'] as const)('%s', (algorithm) => {
  const signer = newSigner(algorithm, KEY_ID);
  const key = { algorithm, verifying: algorithm === 'ed25519' ? signer.publicKey : signer.secret };

  test('what changes something is signed over method, URI, content and key; what reads is not', async () => {
    const { client, sent } = scripted(signer);
    await client.create_payee({ reference: 'r', name: 'Ädä', payee_type: 'individual', country: 'DE' });
    await client.pause_payout_batch({ batch_id: 'batch/2', reason: 'x' });
    await client.list_payees({});
    const [first, second, third] = sent;
    if (!first || !second || !third) throw new Error('three were sent');
    const { digests, base } = verified(first, key);
    expect(digests?.get('sha-256')).toEqual(new Uint8Array(sha256(bytesOf(first.init.body as string))));
    expect(base).toContain(`"@target-uri": http://api.example/v1/payees\n"content-digest": sha-256=:`);
    expect(base).toContain(`\n"idempotency-key": ${headersOf(first).get('idempotency-key')}\n`);
    expect(verified(second, key).base).toContain('"@target-uri": http://api.example/v1/payout-batches/batch%2F2/pause\n');
    expect(headersOf(third).has('signature')).toBe(false);
  });

  test('a retry is signed anew and keeps its Idempotency-Key', async () => {
    const { client, sent } = scripted(signer, new TypeError('fetch failed'), new TypeError('fetch failed'));
    await client.submit_payout_batch({ batch_id: 'b' });
    expect(sent).toHaveLength(3);
    const nonces = sent.map((one) => verified(one, key).nonce);
    expect(new Set(nonces).size).toBe(3);
    expect(new Set(sent.map((one) => headersOf(one).get('idempotency-key'))).size).toBe(1);
    expect(new Set(sent.map((one) => headersOf(one).get('signature'))).size).toBe(3);
  });

  test('an upload is signed over the hash of its file, each try by itself', async () => {
    const { client, sent } = scripted(signer, new TypeError('fetch failed'));
    const open = () => new Blob(['a,b\n']).stream() as unknown as ReadableStream<Uint8Array>;
    await uploadCsv(client.transport, { currency: 'EUR', rail: 'sandbox', description: 'a b&c' }, open, { sha256: sha256(bytesOf('a,b\n')) });
    const signed = sent.map((one) => verified(one, key));
    expect(signed.map(({ digests }) => digests?.get('sha-256'))).toEqual(Array(2).fill(new Uint8Array(sha256(bytesOf('a,b\n')))));
    expect(new Set(signed.map(({ nonce }) => nonce)).size).toBe(2);
    await expect(uploadCsv(client.transport, { currency: 'EUR', rail: 'sandbox' }, open)).rejects.toThrow('SHA-256 of its file');
    expect(sent).toHaveLength(2);
  });

  test('a sign-in is nobody’s call yet and is not signed', async () => {
    const { client, sent } = scripted(signer);
    await client.create_session({ email: 'a@b.example', password: 'p', code: '123456' });
    expect(sent.map((one) => headersOf(one).has('signature'))).toEqual([false]);
  });
});

describe('a signing key in a line', () => {
  const line = writeSigningKey(KEY_ID, 'ed25519', newSigner('ed25519', KEY_ID).secret);

  test('is read back, with blanks around it', () => {
    expect(readSigningKey(` ${line}\n`)).toMatchObject({ keyId: KEY_ID, algorithm: 'ed25519' });
  });

  test.each([
    '',
    KEY_ID,
    line.replace('sigkey_', 'key_'),
    line.replace('ed25519', 'ED25519'),
    line.replace('ed25519', 'rsa-pss-sha512'),
    `${line}:x`,
    line.slice(0, -2),
    line.replace(/.{4}=$/, ''),
    line.replace(/=$/, ''),
    `${line}A`,
  ])('%j is none', (text) => expect(readSigningKey(text)).toBeNull());
});

test('a new pair of keys is one: what the private key signs, the public key verifies', () => {
  const { privateKey, publicKey } = newKeyPair();
  expect([privateKey.length, publicKey.length]).toEqual([32, 32]);
  expect(createPublicKey(privateKeyObject(privateKey)).equals(publicKeyObject(publicKey))).toBe(true);
  expect(newKeyPair().privateKey).not.toEqual(privateKey);
});
