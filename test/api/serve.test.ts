import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningApi, serveApi } from '../../api/serve.js';
import { apiConfig } from '../../config/api.js';
import { readConfig } from '../../config/schema.js';
import { openWorld, type World } from '../world/open.js';

let world: World;
let api: RunningApi;

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
  };
  api = await serveApi(readConfig(apiConfig, settings), { failpoint: async () => {} });
});
afterAll(async () => {
  await api?.stop();
  await world?.close();
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
