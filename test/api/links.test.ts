import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { lettersIn } from '../world/letters.js';

let world: ApiWorld;
let owner: string;
/** What the handlers wait for, ms. */
const waits: number[] = [];
let woken = 0;
beforeAll(async () => {
  world = await openApiWorld({
    clock: {
      now: () => 1_000,
      alarm: (ms, ring) => {
        waits.push(ms);
        setImmediate(ring);
        return () => {};
      },
    },
    emailLinks: {
      wake: () => {
        woken += 1;
      },
    },
  });
  owner = (await world.member('owner')).token;
});
afterAll(() => world?.close());

const post = (path: string, body: object, more: { token?: string; headers?: Record<string, string> } = {}) =>
  world.call(path, { method: 'POST', body, ...more });
const PASSWORD = randomBytes(12).toString('base64url');

describe('over HTTP', () => {
  test('an invitation is made, accepted by its token alone, and leaves neither token nor password in a log line', async () => {
    const invited = await post(
      '/v1/invitations',
      { email: 'nina@example.com', name: 'Nina Okafor', roles: ['auditor'] },
      { token: owner, headers: { 'idempotency-key': 'invite-nina' } },
    );
    expect([invited.status, invited.text.includes('sluice_link_')]).toEqual([201, false]);
    const [letter] = (await lettersIn(world)).map((one) => one.letter);
    if (letter?.template !== 'invitation') throw new Error('no invitation was written');
    const { token } = letter.params;
    const accepted = await post('/v1/invitations/accept', { token, password: PASSWORD });
    expect([accepted.status, accepted.headers.get('set-cookie')]).toEqual([201, null]);
    expect(accepted.json).toMatchObject({ new_account: true, person: { email: 'nina@example.com', roles: ['auditor'] } });
    const again = await post('/v1/invitations/accept', { token, password: PASSWORD });
    expect([again.status, again.json['code']]).toEqual([404, 'link_not_valid']);
    const logs = world.logged.join('\n');
    expect([logs.includes(token), logs.includes(PASSWORD)]).toEqual([false, false]);
  });

  test('a token of a link is no credential', async () => {
    const { token } = world.credentials.newToken('link', 'live');
    expect((await world.call('/v1/payees', { token })).status).toBe(401);
  });

  test('who asks for a reset gets one answer for every address, after the same wait, and the letter is left for later', async () => {
    const known = await world.person('auditor');
    const before = woken;
    const answers: Awaited<ReturnType<typeof post>>[] = [];
    for (const email of [known.email, 'nobody@example.com']) answers.push(await post('/v1/password-resets', { email }));
    const shape = ({ status, text, headers }: (typeof answers)[number]) => ({
      ...{ status, text },
      headers: [...headers].filter(([name]) => !['request-id', 'date', 'ratelimit'].includes(name)),
    });
    const [one, other] = answers.map(shape);
    expect(one).toEqual(other);
    expect(one?.status).toBe(202);
    expect(waits.slice(-2)).toEqual([250, 250]);
    expect(woken - before).toBe(2);
    expect((await lettersIn(world)).filter(({ to }) => to.email === known.email)).toEqual([]);
  });

  test('a reset by a made-up link is not found, whatever it looks like', async () => {
    for (const token of ['x', world.credentials.newToken('link', 'live').token]) {
      const answer = await post('/v1/password-resets/complete', { token, new_password: PASSWORD });
      expect([answer.status, answer.json['code']]).toEqual([404, 'link_not_valid']);
      expect((await post('/v1/email-verifications/complete', { token })).status).toBe(404);
    }
  });
});
