import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import { createSession } from '../../operations/session/create.js';
import { endSession } from '../../operations/session/end.js';
import { showSession } from '../../operations/session/show.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { must } from '../world/wire.js';
import type { Workspace } from '../world/workspaces.js';

let world: World;
let live: Workspace;
beforeAll(async () => {
  world = await openWorld();
  live = await world.workspace({ mode: 'live' });
});
afterAll(() => world?.close());

const signIn = async (person: Person, more: { password?: string; code?: string; workspace_id?: string } = {}) =>
  createSession(world.publicContext(), { email: person.email, password: person.password, code: await world.code(person), ...more });
const somebody = () => world.person('approver', [world.home.tenantId, live.tenantId]);
const INVALID = { ok: false, refusal: { code: 'invalid_credentials', detail: 'E-mail, password or code is wrong.' } };

describe('signing in', () => {
  test('gives a session of twelve hours in the test workspace, whose token is shown once and stored as a hash', async () => {
    const person = await somebody();
    const before = Date.now();
    const answer = await signIn(person);
    if (!answer.ok) throw new Error(answer.refusal.code);
    const { token = '', ...session } = answer.value;
    expect(session).toMatchObject({
      object: 'session',
      workspace: { id: toWireId('workspace', world.home.tenantId), mode: 'test' },
      person: { id: toWireId('person', person.id), email: person.email, roles: ['approver'] },
    });
    expect(Math.abs(Date.parse(session.expires_at) - before - 12 * 3_600_000)).toBeLessThan(60_000);
    const resolved = await world.publicContext().directory.session(world.hashOfToken(token));
    expect(resolved).toMatchObject({ personId: person.id, tenantId: world.home.tenantId, roles: ['approver'], ended: false });
    const rows = await world.everyRow(world.home.tenantId);
    expect(rows).toContain(Buffer.from(world.hashOfToken(token)).toString('hex'));
    expect(rows).not.toContain(token);
    expect(rows).not.toContain(person.password);
    expect(rows).not.toContain(person.secret);
    if (!resolved) throw new Error('unresolved');
    const shown = await showSession(world.as({ type: 'user', ...resolved }, resolved));
    expect(shown).toEqual({ ok: true, value: session });
  });

  test('takes an e-mail in upper and in lower case', async () => {
    const person = await somebody();
    expect(await signIn({ ...person, email: person.email.toUpperCase() })).toMatchObject({ ok: true });
  });

  test('answers the same for an unknown e-mail, a wrong password, a wrong code, a disabled person and one without workspace', async () => {
    const [person, disabled, homeless] = [await somebody(), await somebody(), await world.person('approver', [])];
    await world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [disabled.id]);
    expect(await signIn({ ...person, email: 'nobody@example.com' })).toEqual(INVALID);
    expect(await signIn(person, { password: 'wrong' })).toEqual(INVALID);
    expect(await signIn(person, { code: await world.wrongCode(person) })).toMatchObject(INVALID);
    expect(await signIn(disabled)).toEqual(INVALID);
    expect(await signIn(homeless)).toEqual(INVALID);
    expect(Object.keys(await signIn(person, { code: await world.wrongCode(person) }))).toEqual(['ok', 'refusal']);
  });

  test('audits every failure in each workspace of the person, and success where it is [S3-21]', async () => {
    const person = await somebody();
    await signIn(person, { password: 'wrong' });
    await world.deliverPersonEvents();
    await signIn(person, { code: await world.wrongCode(person) });
    await signIn(person);
    await world.deliverPersonEvents();
    for (const tenantId of [world.home.tenantId, live.tenantId]) {
      const failures = (await world.audited('session.create', tenantId)).filter(({ subject_id }) => subject_id === person.id);
      expect(failures.map(({ result }) => result)).toEqual(['invalid_credentials', 'code_wrong']);
      expect(failures.map(({ actor }) => actor.type)).toEqual(['system', 'user']);
    }
    const opened = (await world.audited('session.create')).filter(
      ({ actor, result }) => result === 'ok' && 'personId' in actor && actor.personId === person.id,
    );
    expect(opened).toHaveLength(1);
  });

  test('takes a named workspace of the person, and refuses a foreign one as an absent one', async () => {
    const person = await somebody();
    const foreign = await signIn(person, { workspace_id: (await world.workspace()).tenantId });
    expect(foreign).toMatchObject({ ok: false, refusal: { code: 'forbidden' } });
    const other = await somebody();
    expect(await signIn(other, { workspace_id: world.services.entropy.newId() })).toEqual(foreign);
    const inLive = await signIn(person, { workspace_id: live.tenantId, code: await world.code(person, 1) });
    expect(inLive).toMatchObject({ ok: true, value: { workspace: { mode: 'live' } } });
  });
});

describe('the second factor at sign-in', () => {
  test('of 16 concurrent uses of one code exactly one gets a session [S4-12]', async () => {
    const person = await somebody();
    const code = await world.code(person);
    const answers = await Promise.all(Array.from({ length: 16 }, () => signIn(person, { code })));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const answer of answers) if (!answer.ok) expect(answer.refusal.code).toBe('otp_step_used');
    const rows = await world.sql('SELECT 1 FROM session WHERE person_id = $1', [person.id]);
    expect(rows).toHaveLength(1);
  });

  test('a spent code says when to try again, is not counted, and the next code works', async () => {
    const person = await somebody();
    const code = await world.code(person);
    await signIn(person, { code });
    for (let i = 0; i < 6; i++) {
      const again = await signIn(person, { code });
      if (again.ok) throw new Error('a spent code was taken');
      expect(again.refusal.code).toBe('otp_step_used');
      const wait = Number(again.refusal.extra?.['retry_after_seconds']);
      expect(wait).toBeGreaterThanOrEqual(1);
      expect(wait).toBeLessThanOrEqual(60);
    }
    expect(await signIn(person, { code: await world.code(person, 1) })).toMatchObject({ ok: true });
  });

  test('an earlier code is spent once a later one was used', async () => {
    const person = await somebody();
    await signIn(person, { code: await world.code(person, 1) });
    expect(await signIn(person, { code: await world.code(person) })).toMatchObject({ ok: false, refusal: { code: 'otp_step_used' } });
  });

  test('five wrong codes lock the account for a minute, and the sixth try fails with the right code too', async () => {
    const person = await somebody();
    for (let i = 0; i < 5; i++) expect(await signIn(person, { code: await world.wrongCode(person) })).toMatchObject(INVALID);
    const sixth = await signIn(person);
    if (sixth.ok) throw new Error('a locked factor opened');
    expect(sixth.refusal.code).toBe('factor_locked');
    expect(sixth.refusal.detail).toContain('Wait 1 minute, then');
    expect(Number(sixth.refusal.extra?.['retry_after_seconds'])).toBeGreaterThan(30);
    // Somebody without the password does not learn of the lock.
    expect(await signIn(person, { password: 'wrong' })).toEqual(INVALID);
    await world.unlock(person);
    expect(await signIn(person)).toMatchObject({ ok: true });
  });

  test('locks grow: the next five wrong codes lock for five minutes, though a right one came between', async () => {
    const person = await somebody();
    const wrong = await world.wrongCode(person);
    for (let i = 0; i < 5; i++) await signIn(person, { code: wrong });
    await world.unlock(person);
    expect(await signIn(person)).toMatchObject({ ok: true });
    for (let i = 0; i < 5; i++) await signIn(person, { code: wrong });
    const locked = await signIn(person, { code: await world.code(person, 1) });
    expect(locked).toMatchObject({ ok: false, refusal: { code: 'factor_locked', detail: expect.stringContaining('Wait 5 minutes') } });
  });

  test('whoever has only the password closes no gate by wrong codes, and wrong codes at a gate close no sign-in', async () => {
    const person = await somebody();
    const batch = await world.batch();
    const wrong = await world.wrongCode(person);
    for (let i = 0; i < 6; i++) await signIn(person, { code: wrong });
    const challenge = await world.challenge(person, 'approve', batch.id);
    for (let i = 0; i < 4; i++)
      expect(await world.tryGate(person, 'approve', batch.id, challenge, wrong)).toMatchObject({
        refusal: { code: 'code_wrong', extra: { failures_left: 4 - i } },
      });
    expect(await world.tryGate(person, 'approve', batch.id, challenge)).toMatchObject({ ok: true });
    const other = await somebody();
    const wrongOfOther = await world.wrongCode(other);
    const theirs = await world.challenge(other, 'approve', (await world.batch()).id);
    for (let i = 0; i < 6; i++) await world.tryGate(other, 'approve', batch.id, theirs, wrongOfOther);
    expect(await signIn(other)).toMatchObject({ ok: true });
  });

  test('wrong codes in a row are counted across workspaces, however many are sent at once, and a right one starts over', async () => {
    const [person, other] = [await somebody(), await somebody()];
    const code = await world.wrongCode(person);
    for (let i = 0; i < 4; i++) await signIn(person, { code, workspace_id: i % 2 ? world.home.tenantId : live.tenantId });
    expect(await signIn(person)).toMatchObject({ ok: true });
    for (let i = 0; i < 4; i++) await signIn(person, { code });
    expect(await signIn(person, { code: await world.code(person, 1) })).toMatchObject({ ok: true });
    const wrong = await world.wrongCode(other);
    await Promise.all(Array.from({ length: 16 }, () => signIn(other, { code: wrong })));
    await world.deliverPersonEvents();
    const results = (await world.audited('session.create')).filter(({ subject_id }) => subject_id === other.id).map(({ result }) => result);
    expect(results.filter((result) => result === 'code_wrong')).toHaveLength(5);
    expect(results.filter((result) => result === 'factor_locked')).toHaveLength(11);
  });
});

describe('a session', () => {
  /** Somebody who has signed in, with the hash of the session token. */
  const signedIn = async () => {
    const person = await somebody();
    const { token = '' } = must(await signIn(person));
    return { person, hash: world.hashOfToken(token) };
  };

  test('ends at once, once, and only for its holder', async () => {
    const { hash } = await signedIn();
    const resolved = await world.publicContext().directory.session(hash);
    if (!resolved) throw new Error('unresolved');
    const stranger = await somebody();
    const asStranger = world.as({ type: 'user', ...resolved, personId: stranger.id }, resolved);
    expect(await endSession(asStranger)).toMatchObject({ ok: false, refusal: { code: 'session_expired' } });
    const own = world.as({ type: 'user', ...resolved }, resolved);
    expect(await endSession(own)).toMatchObject({ ok: true, value: { object: 'session' } });
    expect((await world.publicContext().directory.session(hash))?.ended).toBe(true);
    expect(await endSession(own)).toMatchObject({ ok: false, refusal: { code: 'session_expired' } });
    expect((await world.audited('session.end', resolved.tenantId)).map(({ result }) => result)).toEqual(['session_expired', 'ok', 'session_expired']);
  });

  test('ends for a person who was disabled or lost the workspace', async () => {
    const { person, hash } = await signedIn();
    await world.sql('UPDATE membership SET disabled_at = now() WHERE person_id = $1', [person.id]);
    expect(await world.publicContext().directory.session(hash)).toBeNull();
  });
});
