import { afterEach, expect, test } from '@jest/globals';
import { type Answers, problemOf, runSluice, scriptedApi } from './run-sluice.js';

let close = (): void => {};
afterEach(() => close());

const apiOf = async (answers: Answers) => {
  const api = await scriptedApi(answers);
  close = api.close;
  return { ...api, env: { SLUICE_URL: api.url, SLUICE_API_KEY: 'sluice_test_key' } };
};

const PLAN = {
  object: 'recovery_plan',
  reason: 'The log holds 8 events, but 9 were published: an older copy was put back.',
  known_until: '2026-01-01T00:00:00Z',
  batches: [{ id: 'batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11', state: 'executing', open: 7, amount: 700, step: 'look_up' }],
  connections: 1,
  digest: 'ab'.repeat(32),
};

test('recover --plan says what a recovery would do, and changes nothing', async () => {
  const api = await apiOf(() => ({ status: 200, body: PLAN }));
  const ran = await runSluice(['recover', '--plan'], { env: api.env });
  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain('an older copy was put back');
  expect(ran.stdout).toMatch(/batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11 +executing +7 +look_up/);
  expect(api.received.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v1/recovery']);
});

test('recover proposes the plan that it has read, by its digest', async () => {
  const api = await apiOf(({ method }) => (method === 'GET' ? { status: 200, body: PLAN } : problemOf('plan_changed', 409)));
  const ran = await runSluice(['recover', '--reason', 'the disk was lost'], { env: api.env });
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('Detail of plan_changed')]);
  expect(JSON.parse(api.received[1]?.body ?? '')).toEqual({ reason: 'the disk was lost', plan_digest: PLAN.digest });
});

test('recover without a reason shows the plan and says what is missing', async () => {
  const api = await apiOf(() => ({ status: 200, body: PLAN }));
  expect((await runSluice(['recover'], { env: api.env })).code).toBe(2);
  expect(api.received).toHaveLength(1);
});
