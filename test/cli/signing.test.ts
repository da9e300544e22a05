import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readSigningKey, writeSigningKey } from '../../client/signing-key.js';
import { readSigned } from '../../domain/http-signature/profile.js';
import { toWireId } from '../../domain/ids.js';
import { systemEntropy } from '../../vault/entropy.js';
import { requestSignatures } from '../../vault/request-signatures.js';
import { newSigner } from '../world/signing.js';
import { settingsOf } from './every-command.js';
import { BATCH, emptyFolder } from './run-sluice.js';
import { apiOf, type Received } from './scripted-api.js';

const KEY = toWireId('apiKey', systemEntropy.newId());
const SIGNING_KEY = toWireId('signingKey', systemEntropy.newId());
const signer = newSigner('ed25519', SIGNING_KEY);
const LINE = writeSigningKey(SIGNING_KEY, 'ed25519', signer.secret);

/** Whether a request carries a signature of this public key, by the rules of the server. */
const isSignedBy = ({ method, path, headers }: Received, publicKey: Uint8Array): boolean => {
  const field = (name: string) => [headers[name] ?? []].flat();
  const signed = readSigned({ method, targetUri: `http://${headers['host']}${path}`, field }, new Date());
  return !('problem' in signed) && requestSignatures.verify(signed.algorithm, publicKey, signed.base, signed.value);
};
const writes = (received: Received[]) => received.filter(({ method }) => method !== 'GET');

describe('SLUICE_SIGNING_KEY', () => {
  const file = join(emptyFolder(), 'june.csv');
  writeFileSync(file, 'payee_reference,amount\np-1,1.00\n');
  const answers = ({ method }: Received) => ({ status: method === 'GET' ? 200 : 202, body: BATCH });

  test.each([
    ['a decision', ['batch', 'pause', BATCH.id, '--reason', 'x']],
    ['a file', ['batch', 'create', file, '--currency', 'EUR']],
  ])('signs %s of SLUICE_API_KEY, and reads are not signed', async (_, argv) => {
    const { env, received } = await apiOf(answers);
    const { run, said } = settingsOf({ ...env, SLUICE_SIGNING_KEY: LINE });
    expect([await run(argv), said.join('\n')]).toEqual([0, expect.any(String)]);
    expect(writes(received).map((one) => isSignedBy(one, signer.publicKey))).toEqual([true]);
    expect(received.filter(({ method, headers }) => method === 'GET' && headers['signature'])).toEqual([]);
  });

  test('that is no signing key is said, and nothing is sent', async () => {
    const { env, received } = await apiOf(answers);
    const { run, said } = settingsOf({ ...env, SLUICE_SIGNING_KEY: 'x' });
    expect([await run(['batch', 'list']), said.join('\n'), received]).toEqual([2, expect.stringContaining('SLUICE_SIGNING_KEY is no line'), []]);
  });

  test('an empty one counts as none, and a person signed in signs nothing', async () => {
    const { env, url, received } = await apiOf(answers);
    expect(await settingsOf({ ...env, SLUICE_SIGNING_KEY: '' }).run(['batch', 'pause', BATCH.id, '--reason', 'x'])).toBe(0);
    const { settings, run } = settingsOf({ SLUICE_URL: url, SLUICE_SIGNING_KEY: LINE });
    const home = join(settings.env['XDG_CONFIG_HOME'] ?? '', 'sluice');
    mkdirSync(home);
    writeFileSync(join(home, 'profiles.json'), JSON.stringify({ default: { url, token: 'a session' } }));
    expect(await run(['batch', 'pause', BATCH.id, '--reason', 'x'])).toBe(0);
    expect(writes(received).map(({ headers }) => headers['signature'])).toEqual([undefined, undefined]);
  });
});

describe('signing create', () => {
  const made = (body: object) => ({ status: 201, body: { object: 'signing_key', id: SIGNING_KEY, api_key_id: KEY, public_key: null, ...body } });

  test('makes the keys of ed25519 here: the private one is printed once and never sent', async () => {
    const { env, received } = await apiOf(() => made({ algorithm: 'ed25519' }));
    const { run, printed } = settingsOf(env, ['123456']);
    expect(await run(['signing', 'create', KEY])).toBe(0);
    const line = printed.join('\n');
    const body = JSON.parse(received[0]?.body ?? '{}');
    expect(readSigningKey(line)).toMatchObject({ keyId: SIGNING_KEY, algorithm: 'ed25519' });
    expect(Object.keys(body).sort()).toEqual(['algorithm', 'code', 'public_key']);
    expect(JSON.stringify(received)).not.toContain(line.split(':')[2]);
    const base = 'a base';
    const value = await readSigningKey(line)?.sign(Buffer.from(base));
    expect(requestSignatures.verify('ed25519', Buffer.from(body.public_key, 'base64'), base, value ?? new Uint8Array())).toBe(true);
  });

  test('prints the secret of hmac-sha256 that the server made', async () => {
    const secret = Buffer.from(newSigner('hmac-sha256', SIGNING_KEY).secret).toString('base64');
    const { env, received } = await apiOf(() => made({ algorithm: 'hmac-sha256', secret }));
    const { run, printed } = settingsOf(env, ['123456']);
    expect(await run(['signing', 'create', KEY, '--algorithm', 'hmac-sha256'])).toBe(0);
    expect([printed, JSON.parse(received[0]?.body ?? '{}')]).toEqual([
      [`${SIGNING_KEY}:hmac-sha256:${secret}`],
      { algorithm: 'hmac-sha256', code: '123456' },
    ]);
  });

  test('another algorithm is refused before anything is sent', async () => {
    const { env, received } = await apiOf(() => made({}));
    expect([await settingsOf(env).run(['signing', 'create', KEY, '--algorithm', 'md5']), received]).toEqual([2, []]);
  });
});

describe('a stored identity', () => {
  test('of an API key and its signing key: kept for its owner alone, used by later commands, shown, and forgotten by logout', async () => {
    const { url, received } = await apiOf(({ path }) =>
      path.includes('sessions')
        ? { status: 403, body: { title: 't', status: 403, detail: 'd', code: 'forbidden', request_id: 'r' } }
        : { status: 200, body: BATCH },
    );
    const saving = settingsOf({ SLUICE_URL: url }, ['sluice_test_stored', LINE]);
    expect(await saving.run(['--profile', 'shop', 'signing', 'save'])).toBe(0);
    expect([...saving.printed, ...saving.said].join('\n')).not.toContain(LINE.split(':')[2]);
    const { env } = saving.settings;
    const file = join(env['XDG_CONFIG_HOME'] ?? '', 'sluice', 'profiles.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const later = (argv: string[]) => {
      const { settings, ...rest } = settingsOf(env);
      return { ...rest, done: rest.run(['--profile', 'shop', ...argv]), settings };
    };
    expect(await later(['batch', 'pause', BATCH.id, '--reason', 'x']).done).toBe(0);
    expect(writes(received).map((one) => [one.headers['authorization'], isSignedBy(one, signer.publicKey)])).toEqual([
      ['Bearer sluice_test_stored', true],
    ]);
    const shown = later(['whoami']);
    expect([await shown.done, shown.printed.join('\n')]).toEqual([0, expect.stringMatching(/API key +sluice_test_s….*\nfrom +the profile shop/)]);
    expect(await later(['logout']).done).toBe(0);
    expect(readFileSync(file, 'utf8')).not.toContain('sluice_test_stored');
    expect(writes(received)).toHaveLength(1);
  });

  test.each([
    ['no signing key', ['sluice_test_x', 'not one']],
    ['no API key', ['', LINE]],
  ])('with %s is not stored', async (_, lines) => {
    const { run, said } = settingsOf({ SLUICE_URL: 'http://127.0.0.1:1' }, lines);
    expect([await run(['signing', 'save']), said.join('\n')]).toEqual([2, expect.stringContaining('Nothing was stored.')]);
  });
});

test('signing show says in words what the workspace asks for', async () => {
  let required_at: string | null = null;
  const { env } = await apiOf(() => ({ status: 200, body: { object: 'signing', workspace_id: 'ws_1', mode: 'live', required_at } }));
  const say = async () => {
    const { run, printed } = settingsOf(env);
    expect(await run(['signing', 'show'])).toBe(0);
    return printed.join('\n');
  };
  expect(await say()).toBe('Calls by API keys need no signature in this live workspace.');
  required_at = '2026-01-01T00:00:00.000Z';
  expect(await say()).toBe('Calls by API keys that change something have to be signed in this live workspace, since 2026-01-01T00:00:00.000Z.');
});
