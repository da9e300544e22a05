import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import { removeFactor } from '../../operations/factor/remove.js';
import { askPasskeySession, createPasskeySession } from '../../operations/passkey/sign-in.js';
import { lettersTo } from '../world/letters.js';
import { openWorld, type World } from '../world/open.js';
import { type Authenticator, RELYING_PARTY, SIGNED_TWISTS, type Twist, USER_PRESENT } from '../world/passkey.js';
import { passkeyOf } from '../world/passkeys.js';
import { codeOf, must, uuidOf } from '../world/wire.js';
import type { Workspace } from '../world/workspaces.js';

jest.setTimeout(120_000);

let world: World;
let live: Workspace;
beforeAll(async () => {
  world = await openWorld();
  live = await world.workspace({ mode: 'live' });
});
afterAll(() => world?.close());

const somebody = async (options: Parameters<typeof passkeyOf>[2] = {}) => {
  const who = await world.person('approver', [world.home.tenantId, live.tenantId]);
  return { who, ...(await passkeyOf(world, who, options)) };
};
const ask = async () => must(await askPasskeySession(world.publicContext()));
const signIn = async (device: Authenticator, twist: Twist = {}, more: { workspace_id?: string } = {}) => {
  const { id, options } = await ask();
  return createPasskeySession(world.publicContext(), { request_id: uuidOf(id), credential: device.get(options, twist), ...more });
};
/** What everybody gets who does not sign in, whatever the reason. */
const REFUSED = { ok: false, refusal: { code: 'invalid_credentials', detail: expect.stringMatching(/^This passkey does not sign in here/) } };

describe('a request to sign in', () => {
  test('is of this host, asks for verification of the user, and names no account', async () => {
    const { options, expires_at } = await ask();
    expect(options).toMatchObject({ rpId: RELYING_PARTY.id, userVerification: 'required' });
    expect(options).not.toHaveProperty('allowCredentials');
    expect(Math.abs(Date.parse(expires_at) - Date.now() - 300_000)).toBeLessThan(60_000);
  });

  test('is kept as a hash', async () => {
    const { id, options } = await ask();
    const hash = createHash('sha256').update(Buffer.from(options.challenge, 'base64url')).digest('hex');
    expect(await world.sql(`SELECT encode(challenge_hash, 'hex') AS hash FROM passkey_request WHERE id = $1`, [uuidOf(id)])).toEqual([{ hash }]);
  });

  test('is refused where no host is configured; so is its answer', async () => {
    const { device } = await somebody();
    const { id, options } = await ask();
    const context = world.publicContext();
    const without = { ...context, services: { ...context.services, passkeys: { ...context.services.passkeys, relyingParty: null } } };
    expect(codeOf(await askPasskeySession(without))).toBe('passkeys_unavailable');
    expect(codeOf(await createPasskeySession(without, { request_id: uuidOf(id), credential: device.get(options) }))).toBe('passkeys_unavailable');
  });
});

describe('signing in with a passkey alone', () => {
  test('opens a session with a second factor in the test workspace, or the one that was asked for', async () => {
    const { who, device } = await somebody();
    const session = must(await signIn(device));
    expect(session).toMatchObject({
      workspace: { id: toWireId('workspace', world.home.tenantId) },
      person: { id: toWireId('person', who.id) },
      sleeping_permissions: [],
      token: expect.any(String),
    });
    const events = await world.sql(`SELECT detail FROM audit_event WHERE action = 'session.create' AND subject_id = $1`, [uuidOf(session.id)]);
    expect(events).toMatchObject([{ detail: { factor_kind: 'passkey' } }]);
    expect(await world.sql('SELECT with_factor FROM session WHERE id = $1', [uuidOf(session.id)])).toEqual([{ with_factor: true }]);
    expect(must(await signIn(device, {}, { workspace_id: live.tenantId })).workspace.id).toBe(toWireId('workspace', live.tenantId));
  });

  test('works with one that rests, as with a new authenticator', async () => {
    const { device } = await somebody({ rested: false });
    expect(codeOf(await signIn(device))).toBe('ok');
  });

  test('into a workspace of others is refused once it is known who asks', async () => {
    const { device } = await somebody();
    const other = await world.workspace();
    expect(codeOf(await signIn(device, {}, { workspace_id: other.tenantId }))).toBe('forbidden');
  });

  const twists: [string, Twist][] = [
    ...SIGNED_TWISTS,
    ['of an unknown credential', { id: Buffer.alloc(16, 7) }],
    ['of no user', { userHandle: null }],
    ['of another user', { userHandle: Buffer.alloc(16).toString('base64url') }],
    ['of a copy', { count: 1 }],
  ];
  test.each(twists)('is refused in one way %s', async (_what, twist) => {
    const { device } = await somebody();
    expect(await signIn(device, twist)).toMatchObject(REFUSED);
  });

  test('is refused in the same way for a removed passkey, a disabled person and one without workspace', async () => {
    const removed = await somebody();
    must(await removeFactor(world.as(removed.who), { factor_id: removed.factorId, code: await world.freshCode(removed.who) }));
    expect(await signIn(removed.device)).toMatchObject(REFUSED);
    const disabled = await somebody();
    await world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [disabled.who.id]);
    expect(await signIn(disabled.device)).toMatchObject(REFUSED);
    const homeless = await somebody();
    for (const tenantId of [world.home.tenantId, live.tenantId])
      await world.sql('UPDATE membership SET disabled_at = now() WHERE person_id = $1', [homeless.who.id], tenantId);
    expect(await signIn(homeless.device)).toMatchObject(REFUSED);
  });

  test('is refused in the same way for a request that was used, has expired or never was', async () => {
    const { device } = await somebody();
    const { id, options } = await ask();
    const answer = { request_id: uuidOf(id), credential: device.get(options) };
    expect(codeOf(await createPasskeySession(world.publicContext(), answer))).toBe('ok');
    expect(await createPasskeySession(world.publicContext(), { ...answer, credential: device.get(options) })).toMatchObject(REFUSED);
    const late = await ask();
    await world.sql(`UPDATE passkey_request SET expires_at = now() - interval '1 second' WHERE id = $1`, [uuidOf(late.id)]);
    expect(await createPasskeySession(world.publicContext(), { request_id: uuidOf(late.id), credential: device.get(late.options) })).toMatchObject(
      REFUSED,
    );
    const none = { request_id: '00000000-0000-7000-8000-000000000000', credential: device.get(options) };
    expect(await createPasskeySession(world.publicContext(), none)).toMatchObject(REFUSED);
  });

  test('uses the request up when it is refused', async () => {
    const { device } = await somebody();
    const { id, options } = await ask();
    const answer = (twist: Twist) => createPasskeySession(world.publicContext(), { request_id: uuidOf(id), credential: device.get(options, twist) });
    expect(await answer({ flags: USER_PRESENT })).toMatchObject(REFUSED);
    expect(await answer({})).toMatchObject(REFUSED);
  });

  test('tells a person of a copy, and every refusal to the logs of their workspaces', async () => {
    const { who, device } = await somebody();
    await signIn(device, { count: 1 });
    await signIn(device, { flags: USER_PRESENT });
    await world.deliverPersonEvents();
    const results = async (tenantId: string) =>
      (
        await world.sql<{ result: string }>(`SELECT result FROM audit_event WHERE action = 'session.create' AND subject_id = $1`, [who.id], tenantId)
      ).map(({ result }) => result);
    expect((await results(world.home.tenantId)).sort()).toEqual(['passkey_copied', 'passkey_wrong']);
    expect((await results(live.tenantId)).sort()).toEqual(['passkey_copied', 'passkey_wrong']);
    expect((await lettersTo(world, who.email)).map(({ template }) => template)).toContain('passkey_copied');
  });
});

test('of 64 answers to one request at once exactly one signs in', async () => {
  const { device } = await somebody({ counts: false });
  const { id, options } = await ask();
  const answer = { request_id: uuidOf(id), credential: device.get(options) };
  const opened = await Promise.all(Array.from({ length: 64 }, () => createPasskeySession(world.publicContext(), answer)));
  expect(opened.filter(({ ok }) => ok)).toHaveLength(1);
});
