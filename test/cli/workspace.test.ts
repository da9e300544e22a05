import { expect, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import { systemEntropy } from '../../vault/entropy.js';
import { settingsOf } from './every-command.js';
import { apiOf } from './scripted-api.js';

const { newId } = systemEntropy;
const AT = '2030-01-01T00:00:00.000Z';
const STOP = toWireId('stop', newId());
const person = (name: string) => ({ person_id: toWireId('person', newId()), name });
const STOPPED = {
  object: 'workspace_stop',
  workspace_id: toWireId('workspace', newId()),
  stopped_at: AT,
  stop: { id: STOP, reason: 'A laptop was stolen', stopped_by: person('Olu'), stopped_at: AT, lift: null },
};

test('sluice workspace stop takes a code, and says how it is lifted', async () => {
  const { env, received } = await apiOf(() => ({ status: 200, body: STOPPED }));
  const { run, printed, said } = settingsOf(env, ['123456']);
  expect(await run(['workspace', 'stop', '--reason', 'A laptop was stolen'])).toBe(0);
  expect(received.map(({ method, path, body }) => [method, path, JSON.parse(body)])).toEqual([
    ['POST', '/v1/workspace/stop', { reason: 'A laptop was stolen', code: '123456' }],
  ]);
  expect(printed.join('\n')).toContain('stopped by Olu');
  expect(said.join('\n')).toContain(`workspace lift ${STOP}`);
});

test('sluice workspace stop takes a recovery code, of whoever has no authenticator', async () => {
  const { env, received } = await apiOf(() => ({ status: 200, body: STOPPED }));
  const code = 'abcde-fghjk-mnpqr-stvwx';
  expect(await settingsOf(env, [code]).run(['workspace', 'stop', '--reason', 'A laptop was stolen'])).toBe(0);
  expect(received.map(({ body }) => JSON.parse(body))).toEqual([{ reason: 'A laptop was stolen', code }]);
});

test('sluice workspace lift names the stop that was looked at, and says who else has to', async () => {
  const asked = { ...STOPPED, stop: { ...STOPPED.stop, lift: { asked_by: person('Ann'), asked_at: AT } } };
  const { env, received } = await apiOf(() => ({ status: 200, body: asked }));
  const { run, printed } = settingsOf(env, ['123456']);
  expect(await run(['workspace', 'lift', STOP])).toBe(0);
  expect(received.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([['/v1/workspace/stop/lift', { stop_id: STOP, code: '123456' }]]);
  expect(printed.join('\n')).toContain('Ann asked to lift it');
});

test.each([
  [null, 'money moves'],
  [AT, 'operators of the platform stopped it'],
] as const)('sluice workspace show, stopped since %s', async (stopped_at, said) => {
  const { env } = await apiOf(() => ({ status: 200, body: { ...STOPPED, stopped_at, stop: null } }));
  const { run, printed } = settingsOf(env);
  expect(await run(['workspace', 'show'])).toBe(0);
  expect(printed.join('\n')).toContain(said);
});
