import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningApi, serveApi } from '../../api/serve.js';
import { apiConfig } from '../../config/api.js';
import { readConfig } from '../../config/schema.js';
import { systemEntropy } from '../../vault/entropy.js';
import { until } from '../harness/until.js';
import { openWorld, type World } from '../world/open.js';

let world: World;
let api: RunningApi;
/** Another process on the same database. */
let second: RunningApi;

beforeAll(async () => {
  world = await openWorld();
  const settings = {
    LOG_LEVEL: 'silent',
    SLUICE_KEY_FILE: world.keyFilePath,
    SLUICE_CHECKPOINT_DIR: world.folder,
    SLUICE_API_DATABASE_URL: world.database.urls.api,
    SLUICE_API_PORT: '0',
    SLUICE_API_HEALTH_PORT: '0',
    SLUICE_SPOOL_DIR: `${world.folder}/spool`,
    SLUICE_TRUSTED_PROXIES: '127.0.0.1',
  };
  api = await serveApi(readConfig(apiConfig, settings), { failpoint: async () => {} });
  second = await serveApi(readConfig(apiConfig, settings), { failpoint: async () => {} });
});
afterAll(async () => {
  await Promise.all([api?.stop(), second?.stop()]);
  await world?.close();
});

test('a configured proxy is believed, and a key that comes from elsewhere is counted', async () => {
  const owner = await world.person('admin');
  const { token, hash, prefix } = world.credentials.newToken('api_key', 'test');
  const key = { id: systemEntropy.newId(), name: 'k', prefix, scopes: ['payees.read' as const], ownerPersonId: owner.id, expiresAt: null };
  await world.api().inTenant((stores) => stores.apiKeys.insert({ ...key, allowedNetworks: ['203.0.113.0/24'], tokenHash: hash }));
  const from = async (address: string) =>
    (await fetch(`${api.url}/v1/payees`, { headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': address } })).status;
  expect([await from('203.0.113.7'), await from('198.51.100.7')]).toEqual([200, 403]);
  const metrics = await (await fetch(`http://127.0.0.1:${api.healthPort}/metrics`)).text();
  expect(metrics).toMatch(/^sluice_api_keys_refused_total\{[^}]*code="network_not_allowed"[^}]*\} 1$/m);
});

test('a member whose roles SQL wrote is counted', async () => {
  const owner = await world.person('preparer');
  const { token, hash, prefix } = world.credentials.newToken('api_key', 'test');
  const key = { id: systemEntropy.newId(), name: 'k', prefix, scopes: ['payees.read' as const], ownerPersonId: owner.id, expiresAt: null };
  await world.api().inTenant((stores) => stores.apiKeys.insert({ ...key, allowedNetworks: [], tokenHash: hash }));
  const read = async () => (await fetch(`${api.url}/v1/payees`, { headers: { authorization: `Bearer ${token}` } })).status;
  const counted = async () => await (await fetch(`http://127.0.0.1:${api.healthPort}/metrics`)).text();
  expect(await read()).toBe(200);
  await world.sql(`UPDATE membership SET roles = '{admin}' WHERE person_id = $1`, [owner.id]);
  expect(await read()).toBe(403);
  // The page of metrics is made anew every few seconds.
  await until('the request is counted', async () => /^sluice_memberships_forged_total\{[^}]*\} 1$/m.test(await counted()) || undefined);
});

test('a key that was refused too often at one process is suspended in every other, and that is counted [S2-20] [S5-23]', async () => {
  const owner = await world.person('admin');
  const { token, hash, prefix } = world.credentials.newToken('api_key', 'test');
  const key = { id: systemEntropy.newId(), name: 'k', prefix, scopes: ['payees.read' as const], ownerPersonId: owner.id, expiresAt: null };
  await world.api().inTenant((stores) => stores.apiKeys.insert({ ...key, allowedNetworks: ['203.0.113.0/24'], tokenHash: hash }));
  const from = async ({ url }: RunningApi, address: string) => {
    const answer = await fetch(`${url}/v1/payees`, { headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': address } });
    return answer.ok ? 'let in' : ((await answer.json()) as { code: string }).code;
  };
  expect(await from(second, '203.0.113.7')).toBe('let in');
  for (let i = 0; i < 20; i++) expect(await from(api, '198.51.100.7')).toBe('network_not_allowed');
  expect([await from(second, '203.0.113.7'), await from(api, '203.0.113.7')]).toEqual(['key_suspended', 'key_suspended']);
  const counted = await until('the counters', async () => {
    const text = await (await fetch(`http://127.0.0.1:${api.healthPort}/metrics`)).text();
    return /^sluice_anomalies_total\{[^}]*kind="key_outside_networks",step="suspend"[^}]*\} 1$/m.test(text) ? text : undefined;
  });
  expect(counted).toMatch(/^sluice_anomalies_total\{[^}]*kind="key_outside_networks",step="alert"[^}]*\} 1$/m);
});

test('metrics are on the health port, on loopback, and not where clients come', async () => {
  const health = `http://127.0.0.1:${api.healthPort}`;
  const metrics = await fetch(`${health}/metrics`);
  expect([metrics.status, metrics.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
  expect(await metrics.text()).toMatch(/^sluice_exceptions_open\{[^}]*\} 0$/m);
  expect((await fetch(`${health}/healthz`)).status).toBe(200);
  expect(((await (await fetch(`${health}/readyz`)).json()) as { parts: object }).parts).toMatchObject({ database: null });
  expect((await fetch(`${api.url}/metrics`)).status).toBe(404);
  expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
});

test('an API on a database without one sealed member is not ready, and says what to run', async () => {
  const parts = async () => (await (await fetch(`http://127.0.0.1:${api.healthPort}/readyz`)).json()) as { parts: Record<string, string | null> };
  await world.person('preparer');
  expect((await parts()).parts['memberships']).toBeNull();
  await world.sql('ALTER TABLE membership NO FORCE ROW LEVEL SECURITY');
  await world.sql('UPDATE membership SET event_id = NULL, authenticator = NULL');
  await world.sql('ALTER TABLE membership FORCE ROW LEVEL SECURITY');
  const said = await until('it is not ready', async () => (await parts()).parts['memberships'] ?? undefined);
  expect(said).toContain('npm run operator -- seal');
  expect((await fetch(`${api.url}/readyz`)).status).toBe(503);
});
