import { describe, expect, test } from '@jest/globals';
import { faultOf, settingsOf } from './every-command.js';
import { problemOf } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const KEY = {
  object: 'api_key',
  id: 'key_0198c2aa7c1e7b3d9f10a4c2e6b80d11',
  name: 'import',
  prefix: 'slk_test_abcd',
  scopes: ['batches.create', 'batches.read'],
  owner_person_id: 'person_0198c2aa7c1e7b3d9f10a4c2e6b80d22',
  allowed_networks: ['203.0.113.0/24', '2001:db8::/32'],
  state: 'active',
  created_at: '2026-01-01T00:00:00Z',
  expires_at: '2027-01-01T00:00:00Z',
  revoked_at: null,
  suspended_at: null,
  rotated_at: null,
  rotated_from: null,
  last_used_at: '2026-02-03T04:05:00Z',
  last_used_from: '198.51.100.0/24',
};

const running = async (answer: { status: number; body: unknown }, ...argv: string[]) => {
  const { env, received } = await apiOf(() => answer);
  const { run, said, printed } = settingsOf(env, ['123 456']);
  const code = await run(['keys', ...argv]);
  return { code, said: said.join('\n'), printed: printed.join('\n'), received };
};
const nextOf = (said: string): string => /^next: (.*)$/m.exec(said)?.[1] ?? '';

test('create sends scopes, expiry and networks as they are typed, and prints the secret alone', async () => {
  const { code, said, printed, received } = await running(
    { status: 201, body: { ...KEY, secret: 'the secret' } },
    ...['create', 'import', '--scope', 'batches.create', 'batches.read', '--expires', '2027-01-01T00:00:00Z'],
    ...['--allow', '203.0.113.0/24', '2001:db8::/32'],
  );
  expect([code, printed]).toEqual([0, 'the secret']);
  expect(JSON.parse(received[0]?.body ?? '')).toEqual({
    name: 'import',
    scopes: ['batches.create', 'batches.read'],
    expires_at: '2027-01-01T00:00:00Z',
    allowed_networks: ['203.0.113.0/24', '2001:db8::/32'],
    code: '123456',
  });
  expect(said).toContain('Copy the secret now');
  expect(await faultOf(nextOf(said))).toBeNull();
});

test.each([
  ['create', ['create', 'x', '--scope', 'batches.read']],
  ['rotate', ['rotate', KEY.id]],
  ['resume', ['resume', KEY.id]],
])('%s sends nothing without a code', async (_, argv) => {
  const { env, received } = await apiOf(() => problemOf('internal', 500));
  const { run } = settingsOf(env, ['no code']);
  expect([await run(['keys', ...argv]), received]).toEqual([2, []]);
});

test('create says which network is wrong by its flag', async () => {
  const errors = [{ field: 'allowed_networks.1', reason: 'network', message: 'the address has bits after the prefix' }];
  const { code, said } = await running(problemOf('invalid_request', 422, { errors }), 'create', 'x', '--scope', 'batches.read', '--allow', 'a', 'b');
  expect([code, said]).toEqual([1, expect.stringContaining('--allow: the address has bits after the prefix')]);
});

test('list shows state, networks and last use', async () => {
  const { printed } = await running(
    { status: 200, body: { data: [KEY, { ...KEY, state: 'ending', allowed_networks: [] }], has_more: false } },
    'list',
  );
  for (const shown of ['active', 'ending', '203.0.113.0/24 2001:db8::/32', '2026-02-03T04:05:00Z', '198.51.100.0/24', 'slk_test_abcd'])
    expect(printed).toContain(shown);
});

describe('rotate', () => {
  const rotated = { status: 201, body: { ...KEY, secret: 'the new secret' } };

  test.each([
    [[], {}, 'The old secret has ended.'],
    [['--grace', '0s'], { grace_seconds: 0 }, 'The old secret has ended.'],
    [['--grace', '90s'], { grace_seconds: 90 }, 'goes on for 90s at most'],
    [['--grace', '30m'], { grace_seconds: 1_800 }, 'goes on for 30m at most'],
    [['--grace', '1h'], { grace_seconds: 3_600 }, 'goes on for 1h at most'],
    [['--grace', '1d'], { grace_seconds: 86_400 }, 'goes on for 1d at most'],
  ])('%j sends %j and says what becomes of the old secret', async (flags, body, says) => {
    const { code, said, printed, received } = await running(rotated, 'rotate', KEY.id, ...flags);
    expect([code, printed, received[0]?.path]).toEqual([0, 'the new secret', `/v1/api-keys/${KEY.id}/rotate`]);
    expect(JSON.parse(received[0]?.body || '{}')).toEqual({ ...body, code: '123456' });
    expect(said).toContain(says);
    expect(await faultOf(nextOf(said))).toBeNull();
  });

  test.each(['1', 'h', '1.5h', '1 hour', '-1h', '1w', ''])('--grace %j is refused before anything is sent', async (grace) => {
    const { code, said, received } = await running(rotated, 'rotate', KEY.id, `--grace=${grace}`);
    expect([code, received, said]).toEqual([2, [], expect.stringContaining('--grace: give a number of seconds, minutes, hours or days')]);
  });

  test('of a key that has ended names the list, and a grace that is too long its flag', async () => {
    const ended = await running(problemOf('key_not_active', 409, { state: 'revoked' }), 'rotate', KEY.id);
    expect([ended.code, nextOf(ended.said)]).toEqual([1, 'sluice keys list']);
    const errors = [{ field: 'grace_seconds', reason: 'too_big', message: 'at most 86400' }];
    expect((await running(problemOf('invalid_request', 422, { errors }), 'rotate', KEY.id, '--grace', '2d')).said).toContain(
      '--grace: at most 86400',
    );
  });
});
