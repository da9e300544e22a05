import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { RouteShape } from '../../contracts/route-shape.js';
import type { RouteId } from '../../contracts/routes.js';
import { isOperatorPermission, ROLES, type Role } from '../../domain/permissions.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { ROUTE_LIST, sampleRequest } from './sample-requests.js';

const WHY = 'an older copy was put back';
/** Lets no money go and gives no rights. Any other route that changes something is refused, also one that is new. */
const WORK = [
  ...['create_session', 'ask_passkey_session', 'create_passkey_session', 'end_session', 'end_other_session', 'end_other_sessions', 'receive_inbound'],
  ...['propose_recovery', 'ask_proposal_challenge', 'confirm_proposal', 'enrol_factor', 'confirm_factor'],
  ...['freeze_tenant', 'thaw_tenant', 'confirm_freeze', 'withdraw_freeze', 'freeze_organization', 'thaw_organization'],
  ...['confirm_organization_freeze', 'withdraw_organization_freeze', 'stop_workspace'],
];

let world: ApiWorld;
const tokens = new Map<Role, string>();

beforeAll(async () => {
  world = await openApiWorld();
  for (const role of Object.keys(ROLES) as Role[]) tokens.set(role, (await world.member(role)).token);
  world.services.recovery = { reason: () => WHY };
});
afterAll(() => world?.close());
beforeEach(() => {
  world.calls.length = 0;
});

/** The token of a person who may do this. */
const tokenFor = ({ permission }: RouteShape): { token?: string } => {
  if (isOperatorPermission(permission)) return { token: operator };
  const role = (Object.keys(ROLES) as Role[]).find((name) => (ROLES[name] as readonly string[]).includes(permission));
  return role ? { token: tokens.get(role) ?? '' } : {};
};
let operator: string;
beforeAll(async () => {
  operator = (await world.operator()).token;
});
/** Asks as somebody who may. */
const ask = async (id: RouteId, shape: RouteShape) => {
  const { path, ...request } = sampleRequest(id, shape);
  return world.call(path, { ...request, ...tokenFor(shape) });
};
const changes = ROUTE_LIST.filter(([, { method }]) => method !== 'GET');

test.each(changes.filter(([id]) => !WORK.includes(id)))('%s is refused in recovery mode, before anything is read (R15)', async (id, shape) => {
  const answer = await ask(id, shape);
  expect([answer.status, answer.json['code'], answer.json['detail']]).toEqual([503, 'recovery_mode', WHY]);
  expect(world.calls).toEqual([]);
});

test.each(ROUTE_LIST.filter(([id, { method }]) => method === 'GET' || WORK.includes(id)))('%s works in recovery mode (R15)', async (id, shape) => {
  // Streams of events stay open: that they are answered at all is enough.
  if (shape.format === 'events' || id === 'end_session') return expect(shape.method === 'GET' || shape.inRecovery).toBeTruthy();
  const answer = await ask(id, shape);
  expect(answer.json['code']).not.toBe('recovery_mode');
});

test.each(changes.filter(([id]) => !WORK.includes(id)))(
  '%s before the first comparison is not ready, and says when to try again',
  async (id, shape) => {
    const usual = world.services.recovery;
    world.services.recovery = { reason: () => 'This process is starting.', comparing: () => true };
    try {
      const answer = await ask(id, shape);
      expect([answer.status, answer.json['code'], answer.headers.get('retry-after')]).toEqual([503, 'not_ready', '1']);
      expect(answer.json['detail']).toBe('This process is starting.');
      expect(JSON.stringify(answer.json)).not.toContain('behind');
      expect(world.calls).toEqual([]);
    } finally {
      world.services.recovery = usual;
    }
  },
);

test('a person without the permission is told so in recovery mode too', async () => {
  const [id, shape] = changes.find(([name]) => name === 'top_up') ?? [];
  if (!id || !shape) throw new Error('no such route');
  const { path, ...request } = sampleRequest(id, shape);
  expect((await world.call(path, { ...request, token: tokens.get('auditor') ?? '' })).json['code']).toBe('forbidden');
});

test('a command of `sluice` decides by these routes alone: the import table keeps operations and database from it', () => {
  const files = readdirSync('cli', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const called = files.flatMap((name) => [...readFileSync(join('cli', name), 'utf8').matchAll(/\bclient\.(\w+)\(/g)].map(([, route]) => route ?? ''));
  const known = new Set<string>([...ROUTE_LIST.map(([id]) => id), 'stream']);
  expect(called.filter((route) => !known.has(route))).toEqual([]);
  expect(called).toEqual(expect.arrayContaining(['cancel_payout_batch', 'reject_payout_batch']));
});
