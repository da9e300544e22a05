import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isSameAddress } from '../../cli/identity/same-address.js';
import { settingsOf } from './every-command.js';
import { emptyFolder, problemOf } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const LISTED = { status: 200, body: { object: 'list', data: [], has_more: false, next_cursor: null } };

/** The environment beside a stack at this address, with these profiles. */
const beside = (url: string, profiles?: unknown): NodeJS.ProcessEnv => {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'stack.json'), JSON.stringify({ data_dir: folder, api_url: url, workspace_id: 'w', api_key: 'demo_key', people: [] }));
  mkdirSync(join(folder, 'sluice'));
  if (profiles !== undefined) writeFileSync(join(folder, 'sluice', 'profiles.json'), JSON.stringify(profiles));
  return { SLUICE_DATA_DIR: folder, XDG_CONFIG_HOME: folder };
};

describe('SLUICE_API_KEY', () => {
  test('one that is refused is named, since a sign-in would not help', async () => {
    const { env } = await apiOf(() => problemOf('unauthenticated', 401));
    const { run, said } = settingsOf(env);
    expect(await run(['batch', 'list'])).toBe(4);
    expect(said.join('\n')).toMatch(/next: set SLUICE_API_KEY to a key that is valid, or unset it$/);
  });

  test('an empty one counts as none, and so does an empty SLUICE_URL', async () => {
    const { url, received } = await apiOf(() => LISTED);
    const { run } = settingsOf({ ...beside(url), SLUICE_API_KEY: '', SLUICE_URL: '' });
    expect([await run(['batch', 'list']), received[0]?.headers['authorization']]).toEqual([0, 'Bearer demo_key']);
  });
});

test.each([
  ['a list', []],
  ['a profile without a token', { default: { url: 'http://127.0.0.1:1' } }],
  ['a profile that is a text', { default: 'token' }],
])('%s in place of profiles is refused, and nobody else acts', async (_what, profiles) => {
  const { url, received } = await apiOf(() => LISTED);
  const { run, said } = settingsOf(beside(url, profiles));
  expect([await run(['batch', 'list']), received]).toEqual([1, []]);
  expect(said.join('\n')).toMatch(/profiles\.json is damaged: /);
});

describe('--as', () => {
  test('works at the address of the stack however it is spelled', async () => {
    const { url } = await apiOf(() => LISTED);
    const spelled = `${url.replace('127.0.0.1', 'localhost')}/`;
    const { run, said } = settingsOf({ ...beside(url), SLUICE_URL: spelled });
    // The stack is found: it has no such person.
    expect([await run(['--as', 'approver', 'batch', 'list']), said.join('\n')]).toEqual([2, expect.stringContaining('There is no approver')]);
  });

  test('at another address it says where the stack of this folder listens', async () => {
    const { run, said } = settingsOf(beside('http://127.0.0.1:8080'));
    expect(await run(['--as', 'approver', '--url', 'https://pay.example', 'batch', 'list'])).toBe(2);
    expect(said.join('\n')).toContain('which listens at http://127.0.0.1:8080; this command talks to https://pay.example');
  });
});

test.each([
  ['http://localhost:8080/', 'http://127.0.0.1:8080', true],
  ['http://[::1]:8080', 'http://LOCALHOST:8080', true],
  ['http://a.example', 'http://a.example:80/', true],
  ['https://a.example', 'http://a.example', false],
  ['http://localhost:8080', 'http://localhost:8081', false],
  ['http://localhost:8080/x', 'http://localhost:8080', false],
  ['no address', 'no address', true],
])('%s and %s: the same is %s', (one, other, same) => {
  expect(isSameAddress(one, other)).toBe(same);
});

describe('an API key is nobody', () => {
  const asking = async () => settingsOf((await apiOf(() => problemOf('forbidden', 403, { permission: 'sessions.own' }))).env);

  test('whoami shows how it begins and where it comes from', async () => {
    const { run, printed } = await asking();
    expect([await run(['whoami']), printed.join('\n')]).toEqual([
      0,
      expect.stringMatching(/API key +sluice_test_\S*…; nobody is signed in\nfrom +SLUICE_API_KEY/),
    ]);
  });

  test.each([
    [['logout'], 'Nobody is signed in: an API key of SLUICE_API_KEY is in use'],
    [['exceptions', 'list', '--owner', 'me'], '`me` is nobody here: an API key is in use.'],
  ])('%j says so', async (argv, says) => {
    const { run, said } = await asking();
    expect([await run(argv), said.join('\n')]).toEqual([2, expect.stringContaining(says)]);
  });

  test('whoami of a key that is refused is refused', async () => {
    const { env } = await apiOf(() => problemOf('unauthenticated', 401));
    expect(await settingsOf(env).run(['whoami'])).toBe(4);
  });
});
