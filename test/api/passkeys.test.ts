import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import { type ApiWorld, type Call, openApiWorld } from '../world/api.js';
import { newAuthenticator, USER_PRESENT } from '../world/passkey.js';
import { passkeyOf } from '../world/passkeys.js';

jest.setTimeout(120_000);

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(() => world?.close());

const post = (path: string, body: object, more: Call = {}) => world.call(path, { method: 'POST', body, ...more });
const keyed = (token: string): Call => ({ token, headers: { 'idempotency-key': `k${Math.random()}` } });
const signIn = async (answer: (options: never) => unknown, more: Call = {}) => {
  const asked = await post('/v1/sessions/passkey-options', {});
  return post('/v1/sessions/passkey', { request_id: asked.json['id'], credential: answer(asked.json['options'] as never) }, more);
};

describe('passkeys over HTTP', () => {
  test('one is added, signs in without a password and opens a gate; the list has it', async () => {
    const { person, token } = await world.member('approver');
    const device = newAuthenticator();
    const enrolment = await post('/v1/factors/passkeys', { name: 'laptop', code: await world.code(person) }, { token });
    expect([enrolment.status, enrolment.json['object']]).toEqual([201, 'passkey_enrolment']);
    const credential = device.create(enrolment.json['options'] as never);
    const confirmed = await post(`/v1/factors/${enrolment.json['id']}/passkey`, { credential }, { token });
    expect([confirmed.status, confirmed.json['kind'], confirmed.json['state']]).toEqual([200, 'passkey', 'active']);
    const list = (await world.call('/v1/factors', { token })).json['data'] as { kind: string }[];
    expect(list.map(({ kind }) => kind)).toEqual(['totp', 'passkey']);

    const session = await signIn((options) => device.get(options));
    expect([session.status, session.json['sleeping_permissions']]).toEqual([201, []]);
    const own = String(session.json['token']);
    expect((await world.call('/v1/sessions/current', { token: own })).json['person']).toMatchObject({ id: toWireId('person', person.id) });

    const rested = await passkeyOf(world, person);
    const batch = toWireId('batch', (await world.batch()).id);
    const challenge = await post(`/v1/payout-batches/${batch}/challenges`, { gate: 'approve' }, { token: own });
    const passkey = rested.device.get(challenge.json['passkey'] as never);
    const opened = await post(`/v1/payout-batches/${batch}/approve`, { challenge_id: challenge.json['id'], passkey }, keyed(own));
    expect([opened.status, opened.json['state']]).toEqual([200, 'approved']);
  });

  test('a browser gets the token of a session in its cookie alone', async () => {
    const who = await world.person('approver');
    const { device } = await passkeyOf(world, who);
    const session = await signIn((options) => device.get(options), { headers: { 'sec-fetch-site': 'same-origin' } });
    expect([session.status, session.json['token']]).toEqual([201, undefined]);
    expect(session.headers.get('set-cookie')).toMatch(/HttpOnly/);
  });

  test('what is wrong with an answer does not show: every refusal has the same bytes', async () => {
    const { device } = await passkeyOf(world, await world.person('approver'));
    const said = ({ status, text, headers }: Awaited<ReturnType<typeof signIn>>) => [
      status,
      text.replaceAll(headers.get('request-id') ?? '', 'REQUEST'),
    ];
    const stranger = newAuthenticator();
    const unknown = await signIn((options) => stranger.get(options, { userHandle: device.credentialId.subarray(0, 16).toString('base64url') }));
    const unverified = await signIn((options) => device.get(options, { flags: USER_PRESENT }));
    const copied = await signIn((options) => device.get(options, { count: 0 }));
    expect(said(unverified)).toEqual(said(unknown));
    expect(said(copied)).toEqual(said(unknown));
    expect(unknown.status).toBe(401);
  });

  test('a gate takes either a code or a passkey, and says which is missing or too much', async () => {
    const { person, token } = await world.member('approver');
    const { device } = await passkeyOf(world, person);
    const batch = toWireId('batch', (await world.batch()).id);
    const challenge = await post(`/v1/payout-batches/${batch}/challenges`, { gate: 'approve' }, { token });
    const open = (more: object) => post(`/v1/payout-batches/${batch}/approve`, { challenge_id: challenge.json['id'], ...more }, keyed(token));
    const passkey = device.get(challenge.json['passkey'] as never);
    for (const [more, field] of [
      [{}, 'code'],
      [{ code: '123456', passkey }, 'passkey'],
    ] as const) {
      const refused = await open(more);
      expect([refused.status, refused.json['code']]).toEqual([422, 'invalid_request']);
      expect(refused.json['errors']).toMatchObject([{ field, reason: 'one_of' }]);
    }
    expect((await open({ passkey })).status).toBe(200);
  });

  test('a wrong answer under an Idempotency-Key may be followed by a right one under the same key', async () => {
    const { person, token } = await world.member('approver');
    const { device } = await passkeyOf(world, person);
    const batch = toWireId('batch', (await world.batch()).id);
    const challenge = await post(`/v1/payout-batches/${batch}/challenges`, { gate: 'approve' }, { token });
    const options = challenge.json['passkey'] as never;
    const request = keyed(token);
    const open = (passkey: object) => post(`/v1/payout-batches/${batch}/approve`, { challenge_id: challenge.json['id'], passkey }, request);
    expect((await open(device.get(options, { flags: USER_PRESENT }))).json['code']).toBe('passkey_wrong');
    expect((await open(device.get(options))).status).toBe(200);
  });
});
