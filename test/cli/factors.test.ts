import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { qrCode } from '../../cli/render/qr.js';
import { settingsOf } from './every-command.js';
import { emptyFolder, problemOf } from './run-sluice.js';
import { type Answer, apiOf } from './scripted-api.js';

const ID = 'factor_0198c2aa7c1e7b3d9f10a4c2e6b80d11';
const PERSON_ID = 'person_0198c2aa7c1e7b3d9f10a4c2e6b80d11';
const SECRET = 'ABCDEFGH234567ABCDEFGH234567ABCD';
const URI = `otpauth://totp/Sluice:a?secret=${SECRET}`;
const FACTOR = { object: 'factor', id: ID, kind: 'totp', name: 'phone', state: 'active', confirmed_at: null, decides_from: '2030-01-02T00:00:00Z' };
const listOf = (...data: object[]) => ({ object: 'list', data, has_more: false, next_cursor: null, recovery_codes_left: 7 });
const CODES = ['abcde-abcde-abcde-abcde', '12345-12345-12345-12345'];

/** Signed in as a person at an API that answers each path with this. */
const personAt = async (answers: Record<string, Answer>, lines: string[]) => {
  const { url, received } = await apiOf(({ method, path }) => answers[`${method} ${path.split('?')[0]}`] ?? problemOf('internal', 500));
  const home = emptyFolder();
  mkdirSync(join(home, 'sluice'));
  writeFileSync(join(home, 'sluice', 'profiles.json'), JSON.stringify({ default: { url, token: 't' } }));
  return { received, ...settingsOf({ SLUICE_URL: url, XDG_CONFIG_HOME: home }, lines) };
};
const sent = (received: readonly { method?: string; path: string; body?: string }[], path: string) =>
  JSON.parse(received.find((one) => one.method === 'POST' && one.path === path)?.body ?? '{}');

describe('sluice factors', () => {
  test('lists, also without a word behind it', async () => {
    for (const argv of [['factors'], ['factors', 'list']]) {
      const { run, printed } = await personAt({ 'GET /v1/factors': { status: 200, body: listOf(FACTOR) } }, []);
      expect(await run(argv)).toBe(0);
      expect(printed.join('\n')).toMatch(/phone[\s\S]*Recovery codes left: 7/);
    }
  });

  test('add: the first takes the password, shows QR code and secret, and prints the recovery codes once', async () => {
    const { run, received, printed, said } = await personAt(
      {
        'GET /v1/factors': { status: 200, body: listOf() },
        'POST /v1/factors': { status: 201, body: { ...FACTOR, state: 'pending', secret: SECRET, otpauth_uri: URI } },
        [`POST /v1/factors/${ID}/confirm`]: { status: 200, body: { ...FACTOR, recovery_codes: CODES } },
      },
      ['the password', '123 456'],
    );
    expect(await run(['factors', 'add', '--name', 'phone'])).toBe(0);
    expect(sent(received, '/v1/factors')).toEqual({ name: 'phone', password: 'the password' });
    expect(sent(received, `/v1/factors/${ID}/confirm`)).toEqual({ code: '123456' });
    expect(said.join('\n')).toContain(qrCode(URI));
    expect(said.join('\n')).toContain('ABCD EFGH 2345 67AB CDEF GH23 4567 ABCD');
    for (const code of CODES) expect(printed.join('\n')).toContain(code);
    expect(said.join('\n')).toMatch(/Store these codes[\s\S]*next: sluice login/);
  });

  test('add: another one takes a code or a recovery code, and remove too', async () => {
    for (const code of ['123456', 'ABCDE-ABCDE-ABCDE-ABCDE']) {
      const { run, received } = await personAt(
        {
          'GET /v1/factors': { status: 200, body: listOf(FACTOR) },
          'POST /v1/factors': { status: 201, body: { ...FACTOR, state: 'pending', secret: SECRET, otpauth_uri: URI } },
          [`POST /v1/factors/${ID}/confirm`]: { status: 200, body: FACTOR },
          [`POST /v1/factors/${ID}/remove`]: { status: 200, body: { ...FACTOR, state: 'removed' } },
        },
        [code, '654321', code],
      );
      expect(await run(['factors', 'add'])).toBe(0);
      expect(sent(received, '/v1/factors')).toEqual({ name: 'authenticator', code });
      expect(await run(['factors', 'remove', 'phone'])).toBe(0);
      expect(sent(received, `/v1/factors/${ID}/remove`)).toEqual({ code });
    }
  });

  test('remove: a name that none or several have names nothing', async () => {
    for (const all of [[], [FACTOR, { ...FACTOR, id: `${ID.slice(0, -1)}2` }]]) {
      const { run, received } = await personAt({ 'GET /v1/factors': { status: 200, body: listOf(...all) } }, ['123456']);
      expect(await run(['factors', 'remove', 'phone'])).toBe(1);
      expect(received.filter(({ method }) => method === 'POST')).toEqual([]);
    }
  });

  test('recovery-codes: prints them, as JSON too', async () => {
    const answers = { 'POST /v1/factors/recovery-codes': { status: 201, body: { object: 'recovery_codes', recovery_codes: CODES } } };
    const text = await personAt(answers, ['123456']);
    expect([await text.run(['factors', 'recovery-codes']), text.printed.join('\n')]).toEqual([0, CODES.join('\n')]);
    const data = await personAt(answers, ['123456']);
    expect([await data.run(['--json', 'factors', 'recovery-codes']), JSON.parse(data.printed.join('\n')).recovery_codes]).toEqual([0, CODES]);
  });

  test('reset: of another person and of one’s own by different routes; confirm-reset says what has ended', async () => {
    const reset = { object: 'factor_reset', person_id: PERSON_ID, expires_at: '2030-01-02T00:00:00Z', ended_sessions: 2 };
    const session = { status: 200, body: { object: 'session', person: { id: 'person_1' } } };
    const { run, received, printed } = await personAt(
      {
        'GET /v1/sessions/current': session,
        'POST /v1/factors/reset': { status: 201, body: reset },
        [`POST /v1/people/${PERSON_ID}/factor-reset`]: { status: 201, body: reset },
        [`POST /v1/people/${PERSON_ID}/factor-reset/confirm`]: { status: 200, body: reset },
      },
      ['123456', '123456', '123456'],
    );
    expect([await run(['factors', 'reset', PERSON_ID]), await run(['factors', 'reset', 'me'])]).toEqual([0, 0]);
    expect(await run(['factors', 'confirm-reset', PERSON_ID])).toBe(0);
    expect(received.filter(({ method }) => method === 'POST').map(({ path }) => path)).toEqual([
      `/v1/people/${PERSON_ID}/factor-reset`,
      '/v1/factors/reset',
      `/v1/people/${PERSON_ID}/factor-reset/confirm`,
    ]);
    expect(printed.join('\n')).toContain('sessions that ended: 2');
  });

  test('what is no code is not sent, and a key has no factors', async () => {
    const { run, received } = await personAt({ 'GET /v1/factors': { status: 200, body: listOf(FACTOR) } }, ['12345']);
    expect(await run(['factors', 'add'])).toBe(2);
    expect(received.filter(({ method }) => method === 'POST')).toEqual([]);
    const { url } = await apiOf(() => problemOf('internal', 500));
    const key = settingsOf({ SLUICE_URL: url, SLUICE_API_KEY: 'k' });
    expect([await key.run(['factors', 'list']), key.said.join('\n')]).toEqual([2, expect.stringContaining('it has no second factor')]);
  });
});

describe('signing in without a second factor', () => {
  test('sends no code, and says what sleeps', async () => {
    const body = {
      ...{ object: 'session', token: 't', expires_at: '2030-01-01T00:00:00Z', workspace: { id: 'ws_1', name: 'Demo', mode: 'test' } },
      person: { id: 'p', name: 'Ada', email: 'a@b.example', roles: ['admin'] },
      ...{ sleeping_permissions: ['gates.approve'], advice: 'Enrol one.' },
    };
    const { run, received, said } = await personAt({ 'POST /v1/sessions': { status: 201, body } }, ['the password', '']);
    expect(await run(['login', '--email', 'a@b.example'])).toBe(0);
    expect(sent(received, '/v1/sessions')).toEqual({ email: 'a@b.example', password: 'the password' });
    expect(said.join('\n')).toMatch(/Enrol one\. They are: gates\.approve\.[\s\S]*next: sluice factors add/);
  });
});

test('a QR code is square, in half blocks, with a quiet zone around it', () => {
  const lines = qrCode(URI).split('\n');
  const width = lines[0]?.length ?? 0;
  expect(lines.every((line) => line.length === width && /^[█▀▄ ]+$/.test(line))).toBe(true);
  expect(lines.length).toBe(Math.ceil(width / 2));
  for (const line of [lines[0], lines[1]]) expect(line).toBe('█'.repeat(width));
  for (const line of lines) expect([line.slice(0, 4).trim().length > 0, /^[█▀]{4}/.test(line)]).toEqual([true, true]);
});
