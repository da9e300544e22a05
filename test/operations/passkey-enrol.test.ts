import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { FACTORS_MAX, RECOVERY_CODES } from '../../domain/second-factor.js';
import { enrolFactor } from '../../operations/factor/enrol.js';
import { listFactors } from '../../operations/factor/list.js';
import { removeFactor } from '../../operations/factor/remove.js';
import { confirmPasskey } from '../../operations/passkey/confirm.js';
import { enrolPasskey } from '../../operations/passkey/enrol.js';
import { createSession } from '../../operations/session/create.js';
import { lettersTo } from '../world/letters.js';
import { openWorld, type World } from '../world/open.js';
import { newAuthenticator, RELYING_PARTY, rsaCoseKey, TWISTS, type Twist } from '../world/passkey.js';
import { passkeyOf } from '../world/passkeys.js';
import type { Person } from '../world/people.js';
import { codeOf, must, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

/** Somebody in the middle of an enrolment. */
const enrolling = async () => {
  const who = await world.person('approver');
  const enrolment = must(await enrolPasskey(world.as(who), { name: 'laptop', code: await world.code(who) }));
  return { who, enrolment, factorId: uuidOf(enrolment.id) };
};
/** The end of an enrolment, as whoever tries it. */
const confirm = (
  by: Person,
  { enrolment, factorId }: Pick<Awaited<ReturnType<typeof enrolling>>, 'enrolment' | 'factorId'>,
  device = newAuthenticator(),
  twist: Twist = {},
) => confirmPasskey(world.as(by), { factor_id: factorId, credential: device.create(enrolment.options, twist) });
const kindsOf = async (who: Person) => must(await listFactors(world.as(who))).data.map(({ kind, state }) => `${kind} ${state}`);

describe('a new passkey', () => {
  test('is asked for with user verification, kept by its authenticator, without a statement of its maker, for five minutes', async () => {
    const { who, enrolment } = await enrolling();
    expect(enrolment.options).toMatchObject({
      rp: { id: RELYING_PARTY.id },
      user: { name: who.email },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      excludeCredentials: [],
    });
    expect(Buffer.from(enrolment.options.challenge, 'base64url')).toHaveLength(32);
    expect(Math.abs(Date.parse(enrolment.expires_at) - Date.now() - 300_000)).toBeLessThan(60_000);
    const rows = await world.sql<{ hash: string }>(`SELECT encode(challenge_hash, 'hex') AS hash FROM factor WHERE id = $1`, [uuidOf(enrolment.id)]);
    expect(rows).toEqual([{ hash: createHash('sha256').update(Buffer.from(enrolment.options.challenge, 'base64url')).digest('hex') }]);
  });

  test('counts at once, decides once it has rested, and is told to the person, the log and the list', async () => {
    const who = await world.person('approver');
    const { confirmed, factorId, device } = await passkeyOf(world, who, { rested: false });
    const factor = must(confirmed);
    expect(factor).toMatchObject({ kind: 'passkey', state: 'active', name: 'laptop' });
    expect(factor).not.toHaveProperty('recovery_codes');
    expect(Date.parse(factor.decides_from ?? '')).toBeGreaterThan(Date.now());
    expect(factor.last_used_at).not.toBeNull();
    expect(await kindsOf(who)).toContain('passkey active');
    const events = await world.sql(`SELECT detail FROM audit_event WHERE action = 'factor.confirm' AND subject_id = $1`, [who.id]);
    expect(events).toMatchObject([{ detail: { kind: 'passkey', first: false } }]);
    expect((await lettersTo(world, who.email)).map(({ template }) => template)).toContain('factor_added');
    const [kept] = await world.sql<{ public_key: Buffer; rp_id: string; sign_count: string; challenge_hash: Buffer | null }>(
      'SELECT public_key, rp_id, sign_count, challenge_hash FROM factor WHERE id = $1',
      [factorId],
    );
    expect(kept).toMatchObject({ rp_id: RELYING_PARTY.id, sign_count: '1', challenge_hash: null });
    expect(kept?.public_key).toEqual(device.publicKey);
  });

  test('that is the first factor takes the password, and gives recovery codes; after it nobody signs in with the password alone', async () => {
    const who = await world.withoutFactor('approver');
    const { confirmed } = await passkeyOf(world, who, { byPassword: true });
    const codes = must(confirmed).recovery_codes ?? [];
    expect(codes).toHaveLength(RECOVERY_CODES);
    const signIn = (code?: string) => createSession(world.publicContext(), { email: who.email, password: who.password, code });
    expect(codeOf(await signIn())).toBe('invalid_credentials');
    expect(codeOf(await signIn('123456'))).toBe('invalid_credentials');
    expect(await world.sql('SELECT 1 FROM factor_failures WHERE person_id = $1', [who.id])).toEqual([]);
    expect(must(await signIn(codes[0])).sleeping_permissions).toEqual([]);
  });

  test('stands for no code where one is asked for, and says what to do', async () => {
    const who = await world.withoutFactor('approver');
    const { confirmed } = await passkeyOf(world, who, { byPassword: true });
    const refused = await enrolFactor(world.as(who), { name: 'phone', code: '123456' });
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'factor_missing', detail: expect.stringContaining('recovery code') } });
    const code = must(confirmed).recovery_codes?.[0] ?? '';
    expect(codeOf(await enrolFactor(world.as(who), { name: 'phone', code }))).toBe('ok');
  });

  test('is one of as many factors as anybody may have', async () => {
    const who = await world.person('approver');
    for (let had = 1; had < FACTORS_MAX; had++) await world.secondFactor(who);
    expect(codeOf(await enrolPasskey(world.as(who), { name: 'laptop', code: await world.code(who) }))).toBe('too_many_factors');
  });

  test('goes like any factor; its key stays for the gates that it opened, and its credential comes back for nobody', async () => {
    const who = await world.person('approver');
    const { device, factorId } = await passkeyOf(world, who);
    expect(codeOf(await removeFactor(world.as(who), { factor_id: factorId, code: await world.freshCode(who) }))).toBe('ok');
    expect(await world.sql('SELECT public_key IS NOT NULL AS stays FROM factor WHERE id = $1 AND removed_at IS NOT NULL', [factorId])).toEqual([
      { stays: true },
    ]);
    const other = await enrolling();
    expect(codeOf(await confirm(other.who, other, device))).toBe('passkey_wrong');
  });
});

describe('an answer that does not hold', () => {
  const twists: [string, Twist][] = [
    ...TWISTS,
    ['of a page in a frame of another origin', { crossOrigin: true }],
    ['of another type', { type: 'webauthn.get' }],
    ['with a longer key than is kept', { publicKey: rsaCoseKey(1024) }],
    [
      'with a statement of its maker',
      {
        attestation: {
          fmt: 'packed',
          attStmt: new Map<string, number | Buffer | Buffer[]>([
            ['alg', -7],
            ['sig', Buffer.alloc(70)],
            ['x5c', [Buffer.alloc(10)]],
          ]),
        },
      },
    ],
    ['of a format whose certificates name addresses', { attestation: { fmt: 'android-safetynet', attStmt: new Map([['ver', '1']]) } }],
  ];
  test.each(twists)('%s makes nothing, and ends the enrolment', async (_what, twist) => {
    const begun = await enrolling();
    const device = newAuthenticator();
    expect(codeOf(await confirm(begun.who, begun, device, twist))).toBe('passkey_wrong');
    expect(await kindsOf(begun.who)).toEqual(['totp active']);
    expect(codeOf(await confirm(begun.who, begun, device))).toBe('not_found');
  });

  test('of a credential that somebody has already', async () => {
    const { device } = await passkeyOf(world, await world.person('approver'));
    const begun = await enrolling();
    expect(codeOf(await confirm(begun.who, begun, device))).toBe('passkey_wrong');
  });

  test('after five minutes', async () => {
    const begun = await enrolling();
    await world.sql('ALTER TABLE factor DISABLE TRIGGER USER');
    await world.sql(`UPDATE factor SET created_at = now() - interval '301 seconds' WHERE id = $1`, [begun.factorId]);
    await world.sql('ALTER TABLE factor ENABLE TRIGGER USER');
    expect(codeOf(await confirm(begun.who, begun))).toBe('not_found');
  });

  test('of somebody else', async () => {
    const begun = await enrolling();
    const other = await world.person('approver');
    expect(codeOf(await confirm(other, begun))).toBe('not_found');
  });
});

test('of 64 answers to one enrolment at once exactly one makes a passkey', async () => {
  const begun = await enrolling();
  const answers = await Promise.all(Array.from({ length: 64 }, () => confirm(begun.who, begun)));
  expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  expect(await kindsOf(begun.who)).toEqual(['totp active', 'passkey active']);
});

test('where no host is configured nobody enrols one, and the refusal names the setting', async () => {
  const who = await world.person('approver');
  const services = { passkeys: { ...world.services.passkeys, relyingParty: null } };
  const refused = await enrolPasskey(world.as(who, { services }), { name: 'laptop', code: await world.code(who) });
  expect(refused).toMatchObject({ ok: false, refusal: { code: 'passkeys_unavailable', detail: expect.stringContaining('SLUICE_PUBLIC_URL') } });
});
