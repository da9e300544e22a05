import { expect, test } from '@jest/globals';
import { settingsOf } from './every-command.js';
import { apiOf } from './scripted-api.js';

const RULES = {
  object: 'anomaly_rules',
  workspace_id: 'ws_0198c2aa7c1e7b3d9f10a4c2e6b80d11',
  window_seconds: 600,
  rules: [
    { kind: 'key_forbidden', alert_at: 20, suspend_at: 200, set_at: null },
    { kind: 'person_forbidden', alert_at: 30, suspend_at: 'never', set_at: '2026-01-01T00:00:00Z' },
  ],
};

const running = async (...argv: string[]) => {
  const { env, received } = await apiOf(() => ({ status: 200, body: RULES }));
  const { run, said, printed } = settingsOf(env, ['123456']);
  const code = await run(['security', ...argv]);
  return { code, said: said.join('\n'), printed: printed.join('\n'), received };
};

test('show prints each kind with both numbers and what it is', async () => {
  const { code, printed } = await running('show');
  expect(code).toBe(0);
  expect(printed).toMatch(/key_forbidden +20 +200 .*requests beyond the scopes of the key/);
  expect(printed).toMatch(/person_forbidden +30 +never +2026-01-01T00:00:00Z/);
});

test('set sends both numbers, or `never`, with a code', async () => {
  const { code, received } = await running('set', 'key_forbidden', '--alert-at', '5', '--suspend-at', 'never');
  expect([code, JSON.parse(received[0]?.body ?? '')]).toEqual([0, { kind: 'key_forbidden', alert_at: 5, suspend_at: 'never', code: '123456' }]);
});

test.each([
  ['another kind', ['set', 'key_guessed', '--alert-at', '1', '--suspend-at', '2']],
  ['no number', ['set', 'key_forbidden', '--alert-at', 'off', '--suspend-at', '2']],
  ['a number with a sign', ['set', 'key_forbidden', '--alert-at', '1', '--suspend-at', '-2']],
  ['one number alone', ['set', 'key_forbidden', '--alert-at', '1']],
])('set refuses %s and sends nothing', async (_, argv) => {
  const { code, received } = await running(...argv);
  expect([code, received]).toEqual([2, []]);
});
