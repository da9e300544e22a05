import { expect, test } from '@jest/globals';
import { problemOf, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const PLAN = {
  object: 'recovery_plan',
  reason: 'The log holds 8 events, but 9 were published: an older copy was put back.',
  known_until: '2026-01-01T00:00:00Z',
  batches: [{ id: 'batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11', state: 'executing', open: 7, amount: 700, step: 'look_up' }],
  connections: 1,
  digest: 'ab'.repeat(32),
  proposal: null,
  done: null,
};

const PROPOSAL = {
  object: 'proposal',
  id: 'proposal_0198c2aa7c1e7b3d9f10a4c2e6b80d12',
  exception_id: 'exception_0198c2aa7c1e7b3d9f10a4c2e6b80d13',
  batch_id: null,
  choice: 'recover',
  state: 'proposed',
  reason: 'the disk was lost',
  digest: 'cd'.repeat(32),
  item_count: 0,
  total: 0,
  proposed_by: 'person_0198c2aa7c1e7b3d9f10a4c2e6b80d14',
  confirmed_by: null,
  problem: null,
  created_at: '2026-01-01T01:00:00Z',
  ended_at: null,
};
const at = (state: string, more: object = {}) => ({ ...PLAN, proposal: { ...PROPOSAL, state }, ...more });
const DONE = {
  at: '2026-01-01T01:10:00Z',
  doubtful: 7,
  reported: 5,
  settled: 4,
  marked: 2,
  paused: 1,
  silent: 1,
  generation: 2,
  lost_events: 1,
};
const CHALLENGE = {
  object: 'proposal_challenge',
  id: 'chal_0198c2aa7c1e7b3d9f10a4c2e6b80d15',
  proposal_id: PROPOSAL.id,
  digest: PROPOSAL.digest,
  expires_at: '2030-01-01T00:00:00Z',
  summary: {
    kind: 'database_restored',
    choice: 'recover',
    reason: PROPOSAL.reason,
    proposed_by: PROPOSAL.proposed_by,
    batch_id: null,
    item_count: 0,
    total: 0,
    currency: null,
    largest: [],
  },
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

test.each([
  ['proposed', PLAN.reason, `next: sluice recover --confirm ${PROPOSAL.id}`],
  ['confirmed', PLAN.reason, 'the worker carries it out'],
  ['applied', PLAN.reason, 'restart API and worker'],
  ['withdrawn', PLAN.reason, 'next: sluice recover --reason TEXT'],
  ['applied', null, 'next: sluice exceptions list'],
])('recover says where a recovery stands and what comes next: %s', async (state, reason, next) => {
  const api = await apiOf(() => ({ status: 200, body: at(state, { reason, ...(state === 'applied' ? { done: DONE } : {}) }) }));
  const { code, stdout, stderr } = await runSluice(['recover'], { env: api.env });
  expect([code, stderr]).toEqual([0, expect.stringContaining(next)]);
  expect(stdout).toMatch(new RegExp(`state +${state}`));
  if (state !== 'applied') return;
  expect(stdout).toMatch(/in doubt +7 items/);
  expect(stdout).toMatch(/did not answer +1 rail connections/);
  expect(stdout).toMatch(/the log +goes on as generation 2; 1 published events are lost/);
});

test('recover before anybody has proposed it shows the plan and the next step', async () => {
  const api = await apiOf(() => ({ status: 200, body: PLAN }));
  const { code, stdout, stderr } = await runSluice(['recover'], { env: api.env });
  expect([code, stderr]).toEqual([0, expect.stringContaining('next: sluice recover --reason TEXT')]);
  expect(stdout).toContain('One rail connection is asked for what came since.');
  expect(api.received).toHaveLength(1);
});

/** An API on which a confirmed recovery ends in this state at the second look. */
const confirming = async (state: string, problem: string | null = null) => {
  let looks = 0;
  return apiOf(({ method, path }) => {
    if (path.endsWith('/challenges')) return { status: 201, body: CHALLENGE };
    if (method === 'POST') return { status: 200, body: { ...PROPOSAL, state: 'confirmed' } };
    const ended = { proposal: { ...PROPOSAL, state, problem }, done: state === 'applied' ? DONE : null };
    return { status: 200, body: ++looks === 1 ? at('confirmed') : { ...PLAN, ...ended } };
  });
};

test('recover --confirm waits until the worker has carried it out, and says what it did', async () => {
  const api = await confirming('applied');
  const { code, stdout, stderr } = await runSluice(['recover', '--confirm', PROPOSAL.id], { env: api.env, input: '123456\n' });
  expect([code, stderr]).toEqual([0, expect.stringContaining('restart API and worker')]);
  expect(stderr).toContain('To confirm:');
  expect(stdout).toMatch(/providers reported +5 payments, which settled 4 items/);
  expect(api.received.filter(({ path }) => path === '/v1/recovery')).toHaveLength(2);
});

test('recover --confirm of what is refused when it is carried out exits 1', async () => {
  const api = await confirming('refused', 'forbidden');
  const { code, stderr } = await runSluice(['recover', '--confirm', PROPOSAL.id], { env: api.env, input: '123456\n' });
  expect([code, stderr]).toEqual([1, expect.stringContaining('The recovery was refused: forbidden')]);
});

test('recover --confirm --no-wait does not wait', async () => {
  const api = await confirming('applied');
  const { code, stderr } = await runSluice(['recover', '--confirm', PROPOSAL.id, '--no-wait'], { env: api.env, input: '123456\n' });
  expect([code, stderr]).toEqual([0, expect.stringContaining('sluice recover   (says where it stands)')]);
  expect(api.received.filter(({ path }) => path === '/v1/recovery')).toHaveLength(0);
});

test.each([[['--plan', '--reason', 'x']], [['--reason', 'x', '--confirm', PROPOSAL.id]], [['--no-wait']]])(
  'recover %p is refused before anything is asked',
  async (argv) => {
    const api = await apiOf(() => ({ status: 200, body: PLAN }));
    expect((await runSluice(['recover', ...argv], { env: api.env })).code).toBe(2);
    expect(api.received).toEqual([]);
  },
);
