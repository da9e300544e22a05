import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Clock } from '../../api/deps.js';
import { parseEvents, type ServerEvent } from '../../client/stream.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { GUARDED, sampleRequest } from './sample-requests.js';

let world: ApiWorld;
let path: string;
const wakes = new Set<() => void>();
/** Each look at the clock finds 15 s later, so every question that may be due is due. */
let time = 0;
const hurried: Clock = {
  now: () => {
    time += 15_000;
    return time;
  },
  alarm: () => () => {},
};
/** How often a credential may still be resolved. */
let left = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  const subscribe = (wake: () => void) => {
    wakes.add(wake);
    return () => wakes.delete(wake);
  };
  world = await openApiWorld({
    clock: hurried,
    leaves: { subscribe },
    hashToken: (token) => (left-- > 0 ? world.credentials.hashToken(token) : null),
  });
  const [, create] = GUARDED.find(([id]) => id === 'create_payout_batch') ?? [];
  if (!create) throw new Error('the table has no create_payout_batch');
  const { path: route, ...request } = sampleRequest('create_payout_batch', create);
  const { token } = await world.member('preparer');
  path = `${route}/${(await world.call(route, { ...request, token })).json['id']}/events`;
});
afterAll(() => world.close());
beforeEach(() => {
  left = Number.POSITIVE_INFINITY;
});

/** The events of the batch as this credential gets them, until the stream ends. `end` ends the credential once the stream has begun. */
const follow = async (token: string, end: () => Promise<unknown>): Promise<ServerEvent[]> => {
  const response = await fetch(`${world.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const seen: ServerEvent[] = [];
  for await (const event of parseEvents(response.body?.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>)) {
    seen.push(event);
    if (event.name !== 'progress') continue;
    await end();
    for (const wake of wakes) wake();
  }
  return seen;
};

test('a stream ends with the reason when the plan has no access by key any more', async () => {
  const { person } = await world.member('admin');
  const key = await world.apiKey(person, ['batches.read']);
  const seen = await follow(key.token, () => world.sql(`UPDATE workspace SET plan = 'pro'`));
  await world.sql(`UPDATE workspace SET plan = 'enterprise'`);
  expect(seen.at(-1)).toMatchObject({ name: 'problem', id: null, data: { code: 'plan_required', status: 403 } });
});

test('a stream ends with the reason when its key is revoked', async () => {
  const { token: admin, person } = await world.member('admin');
  const key = await world.apiKey(person, ['batches.read']);
  const seen = await follow(key.token, () => world.call(`/v1/api-keys/${key.id}`, { method: 'DELETE', token: admin }));
  expect(seen.at(-1)).toMatchObject({ name: 'problem', id: null, data: { code: 'unauthenticated', status: 401, title: expect.any(String) } });
});

test('a stream ends with the reason when its session is ended', async () => {
  const { token } = await world.member('auditor');
  const seen = await follow(token, () => world.call('/v1/sessions/current', { method: 'DELETE', token }));
  expect(seen.at(-1)).toMatchObject({ name: 'problem', data: { code: 'session_expired', status: 401 } });
});

test('a stream ends with the reason when the owner of its key leaves', async () => {
  const { person } = await world.member('admin');
  const key = await world.apiKey(person, ['batches.read']);
  const seen = await follow(key.token, () => world.sql(`UPDATE membership SET disabled_at = now() WHERE person_id = $1`, [person.id]));
  expect(seen.at(-1)).toMatchObject({ name: 'problem', data: { code: 'unauthenticated', status: 401 } });
});

test('an export breaks off when its session ends, and is whole while it lasts', async () => {
  const { token } = await world.member('auditor');
  const ask = () => fetch(`${world.url}/v1/audit/export`, { headers: { authorization: `Bearer ${token}` } });
  expect((await (await ask()).text()).split('\n').length).toBeGreaterThan(2);
  left = 1;
  await expect(ask().then((answer) => answer.text())).rejects.toThrow();
});
