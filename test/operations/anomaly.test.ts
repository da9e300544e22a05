import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ANOMALIES, ANOMALY_KINDS, type AnomalyKind, LETTERS_A_DAY } from '../../domain/anomalies.js';
import { KEY_SCOPES } from '../../domain/permissions.js';
import { noteAnomaly } from '../../operations/anomaly/note.js';
import { showAnomalyRules } from '../../operations/anomaly/rules.js';
import { setAnomalyRule } from '../../operations/anomaly/set-rule.js';
import { resumeApiKey } from '../../operations/api-key/resume.js';
import { revokeApiKey } from '../../operations/api-key/revoke.js';
import { rotateApiKey } from '../../operations/api-key/rotate.js';
import { systemEntropy } from '../../vault/entropy.js';
import { lettersIn } from '../world/letters.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must, refusalOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

/** A workspace with an owner, an admin and a preparer, so that what one test counts is nothing of another. */
const shop = async () => {
  const { tenantId } = await world.workspace();
  const [owner, admin, preparer] = [
    await world.person('owner', [tenantId]),
    await world.person('admin', [tenantId]),
    await world.person('preparer', [tenantId]),
  ];
  const as = (who: Person) => world.as(who, { tenantId });
  const newKey = async (of = preparer) => {
    const { token, hash, prefix } = world.credentials.newToken('api_key', 'test');
    const id = systemEntropy.newId();
    const row = { id, name: 'import', prefix, scopes: [...KEY_SCOPES], ownerPersonId: of.id, allowedNetworks: [], expiresAt: null, tokenHash: hash };
    await as(of).inTenant((stores) => stores.apiKeys.insert(row));
    return { type: 'api_key' as const, id, token, hash };
  };
  const sql = <Row extends object>(text: string, values: unknown[] = []) => world.sql<Row & { [key: string]: unknown }>(text, values, tenantId);
  const events = (subjectId: string) =>
    sql<{ action: string; result: string; detail: object; actor: object }>(
      `SELECT action, result, detail, actor FROM audit_event WHERE subject_id = $1 AND action IN ('security.anomaly', 'api_key.suspend') ORDER BY subject_seq`,
      [subjectId],
    );
  const addresses = new Set([owner.email, admin.email]);
  const letters = async () => (await lettersIn(world)).filter(({ to }) => addresses.has(to.email));
  const note = (subject: { type: 'api_key' | 'person'; id: string }, kind: AnomalyKind) =>
    noteAnomaly(world.api(tenantId), { subject: { type: subject.type, id: subject.id }, kind, network: '198.51.100.0/24', route: 'list_payees' });
  const noteTimes = async (subject: Parameters<typeof note>[0], kind: AnomalyKind, times: number) => {
    const steps = [];
    for (let i = 0; i < times; i++) steps.push(...(await note(subject, kind)));
    return steps;
  };
  const rule = (kind: AnomalyKind, alertAt: number, suspendAt: number | null) =>
    as(admin).inTenant((stores) => stores.anomalies.setRule({ kind, alertAt, suspendAt, setBy: admin.id }));
  const isSuspended = async (id: string) =>
    (await sql<{ suspended: boolean }>('SELECT suspended_at IS NOT NULL AS suspended FROM api_key WHERE id = $1', [id]))[0]?.suspended;
  return { tenantId, owner, admin, preparer, as, newKey, sql, events, letters, note, noteTimes, rule, isSuspended };
};
type Shop = Awaited<ReturnType<typeof shop>>;

const subjectFor = async (at: Shop, kind: AnomalyKind) =>
  ANOMALIES[kind].subject === 'api_key' ? at.newKey() : { type: 'person' as const, id: at.preparer.id };
/** Lets the window of a subject end. */
const again = (at: Shop, subjectId: string) =>
  at.sql(`UPDATE anomaly_count SET started_at = started_at - interval '10 minutes' WHERE subject_id = $1`, [subjectId]);

describe('at its threshold', () => {
  test.each(ANOMALY_KINDS)('%s is told once and not before, by an event and a letter to each owner and admin [S5-23]', async (kind) => {
    const at = await shop();
    const subject = await subjectFor(at, kind);
    await at.rule(kind, 3, null);
    expect(await at.noteTimes(subject, kind, 2)).toEqual([]);
    expect([await at.events(subject.id), await at.letters()]).toEqual([[], []]);
    expect(await at.noteTimes(subject, kind, 3)).toEqual(['alert']);
    const detail = { kind, count: 3, window_seconds: 600, network: '198.51.100.0/24', route: 'list_payees' };
    expect(await at.events(subject.id)).toEqual([{ action: 'security.anomaly', result: 'ok', detail, actor: { type: 'system', process: 'api' } }]);
    const letters = await at.letters();
    expect(letters.map(({ to }) => to.email).sort()).toEqual([at.owner.email, at.admin.email].sort());
    for (const { letter } of letters)
      expect(letter).toMatchObject({
        template: 'anomaly',
        params: { count: 3, minutes: 10, what: ANOMALIES[kind].words, network: '198.51.100.0/24' },
      });
  });

  test('without a rule of the workspace the defaults hold', async () => {
    const at = await shop();
    const key = await at.newKey();
    expect(await at.noteTimes(key, 'key_outside_networks', 19)).toEqual(['alert']);
    expect([await at.noteTimes(key, 'key_outside_networks', 1), await at.isSuspended(key.id)]).toEqual([['suspend'], true]);
  });

  test('64 refusals at once: one event, one letter to each reader, one suspension [S2-20]', async () => {
    const at = await shop();
    const key = await at.newKey();
    await at.rule('signature_refused', 5, 20);
    const steps = (await Promise.all(Array.from({ length: 64 }, () => at.note(key, 'signature_refused')))).flat();
    expect(steps.sort()).toEqual(['alert', 'suspend']);
    expect((await at.events(key.id)).map(({ action }) => action)).toEqual(['security.anomaly', 'api_key.suspend']);
    const told = (await at.letters()).map(({ letter, to }) => `${letter.template} ${to.email}`);
    expect(told).toHaveLength(4);
    expect(new Set(told).size).toBe(4);
  });

  test('the suspension and its event are one transaction, and the event says what was counted', async () => {
    const at = await shop();
    const key = await at.newKey();
    await at.rule('key_forbidden', 1, 2);
    await at.noteTimes(key, 'key_forbidden', 2);
    const [event] = (await at.events(key.id)).slice(-1);
    expect(event).toMatchObject({
      action: 'api_key.suspend',
      detail: { kind: 'key_forbidden', count: 2, network: '198.51.100.0/24' },
      actor: { type: 'system', process: 'api' },
    });
    const [letter] = (await at.letters()).filter((one) => one.letter.template === 'key_suspended');
    expect(letter?.letter.params).toMatchObject({ key_id: expect.stringMatching(/^key_/), who: 'the API key import' });
  });

  test('what a window counted ends with it, and the next one tells again', async () => {
    const at = await shop();
    const key = await at.newKey();
    await at.rule('key_not_found', 2, null);
    expect(await at.noteTimes(key, 'key_not_found', 1)).toEqual([]);
    await again(at, key.id);
    expect(await at.noteTimes(key, 'key_not_found', 1)).toEqual([]);
    expect(await at.noteTimes(key, 'key_not_found', 1)).toEqual(['alert']);
    await again(at, key.id);
    expect(await at.noteTimes(key, 'key_not_found', 2)).toEqual(['alert']);
  });

  test('a flood writes nothing more once the last step is taken', async () => {
    const at = await shop();
    const key = await at.newKey();
    await at.rule('key_forbidden', 2, null);
    await at.noteTimes(key, 'key_forbidden', 10);
    expect(await at.sql('SELECT count FROM anomaly_count WHERE subject_id = $1', [key.id])).toEqual([{ count: 2 }]);
  });

  test('a person is told about and never suspended, whatever a rule says', async () => {
    const at = await shop();
    await at.rule('person_forbidden', 1, 1);
    expect(await at.noteTimes({ type: 'person', id: at.preparer.id }, 'person_forbidden', 3)).toEqual(['alert']);
  });

  test('a key that ended meanwhile is not suspended', async () => {
    const at = await shop();
    const key = await at.newKey();
    await at.as(at.admin).inTenant((stores) => stores.apiKeys.revoke(key.id));
    await at.rule('key_forbidden', 1, 1);
    expect([await at.noteTimes(key, 'key_forbidden', 1), await at.isSuspended(key.id)]).toEqual([['alert'], false]);
  });
});

describe('letters are bounded:', () => {
  test('one a day about a subject and kind; every window has its event', async () => {
    const at = await shop();
    const key = await at.newKey();
    await at.rule('key_forbidden', 1, null);
    for (let i = 0; i < 3; i++) {
      await at.note(key, 'key_forbidden');
      await again(at, key.id);
    }
    expect([(await at.events(key.id)).length, (await at.letters()).length]).toEqual([3, 2]);
    await at.sql(`UPDATE anomaly_count SET told_at = told_at - interval '1 day' WHERE subject_id = $1`, [key.id]);
    await at.note(key, 'key_forbidden');
    expect(await at.letters()).toHaveLength(4);
  });

  test('so many a day for a workspace, and alerts do not use up the letters about suspended keys', async () => {
    const at = await shop();
    await at.rule('key_forbidden', 1, null);
    for (let i = 0; i < LETTERS_A_DAY.alert + 3; i++) await at.note(await at.newKey(), 'key_forbidden');
    expect(await at.letters()).toHaveLength(2 * LETTERS_A_DAY.alert);
    await at.rule('key_not_found', 1, 1);
    await at.note(await at.newKey(), 'key_not_found');
    expect((await at.letters()).filter(({ letter }) => letter.template === 'key_suspended')).toHaveLength(2);
  });

  test('a workspace is told the next day of what was over the bound', async () => {
    const at = await shop();
    await at.rule('key_forbidden', 1, null);
    for (let i = 0; i < LETTERS_A_DAY.alert; i++) await at.note(await at.newKey(), 'key_forbidden');
    const key = await at.newKey();
    await at.note(key, 'key_forbidden');
    expect([(await at.events(key.id)).length, (await at.letters()).length]).toEqual([1, 2 * LETTERS_A_DAY.alert]);
    await again(at, key.id);
    // The day of the bound is over, and this key was told in no letter yet.
    await at.sql(`UPDATE anomaly_count SET started_at = started_at - interval '1 day' WHERE subject_type = 'workspace'`);
    await at.note(key, 'key_forbidden');
    expect([(await at.events(key.id)).length, (await at.letters()).length]).toEqual([2, 2 * LETTERS_A_DAY.alert + 2]);
  });
});

describe('another workspace', () => {
  test('is neither counted with nor told', async () => {
    const [one, other] = [await shop(), await shop()];
    const [mine, theirs] = [await one.newKey(), await other.newKey()];
    await one.rule('key_forbidden', 1, 1);
    await one.noteTimes(mine, 'key_forbidden', 3);
    // Even a count that names a key of another workspace reaches nothing of it.
    await one.noteTimes(theirs, 'key_forbidden', 3);
    expect([await one.isSuspended(mine.id), await other.isSuspended(theirs.id)]).toEqual([true, false]);
    expect([await other.letters(), await other.events(theirs.id)]).toEqual([[], []]);
    expect(await other.sql('SELECT 1 AS one FROM anomaly_count')).toEqual([]);
  });
});

describe('a suspended key', () => {
  const suspended = async (at: Shop, of?: Person) => {
    const key = await at.newKey(of);
    await world.api(at.tenantId).inTenant((stores) => stores.apiKeys.suspend(key.id));
    return key;
  };
  const resume = async (at: Shop, who: Person, key: { id: string }, code?: string) =>
    resumeApiKey(at.as(who), { key_id: key.id, code: code ?? (await world.freshCode(who)) });
  const results = async (at: Shop, id: string) =>
    (
      await at.sql<{ result: string }>(`SELECT result FROM audit_event WHERE subject_id = $1 AND action = 'api_key.resume' ORDER BY subject_seq`, [
        id,
      ])
    ).map(({ result }) => result);

  test('goes on by its owner or by an admin, with a code, and leaves an event', async () => {
    const at = await shop();
    for (const who of [at.preparer, at.admin]) {
      const key = await suspended(at);
      expect(must(await resume(at, who, key))).toMatchObject({ state: 'active', suspended_at: null });
      expect([await at.isSuspended(key.id), await results(at, key.id)]).toEqual([false, ['ok']]);
    }
  });

  test('does not without a right code, by another who may not manage people, or by a key', async () => {
    const at = await shop();
    const key = await suspended(at, at.admin);
    expect(codeOf(await resume(at, at.admin, key, await world.wrongCode(at.admin)))).toBe('code_wrong');
    expect(codeOf(await resume(at, at.preparer, key))).toBe('forbidden');
    const byKey = world.as({ type: 'api_key', keyId: key.id, ownerPersonId: at.admin.id, scopes: ['keys.manage'] }, { tenantId: at.tenantId });
    expect(codeOf(await resumeApiKey(byKey, { key_id: key.id, code: '000000' }))).toBe('forbidden');
    expect([await at.isSuspended(key.id), await results(at, key.id)]).toEqual([true, ['code_wrong', 'forbidden', 'forbidden']]);
  });

  test('of another workspace looks absent; one that is not suspended is told so before the code is used', async () => {
    const [at, other] = [await shop(), await shop()];
    expect(codeOf(await resume(at, at.admin, await suspended(other)))).toBe('not_found');
    const code = await world.freshCode(at.admin);
    expect(codeOf(await resume(at, at.admin, await at.newKey(), code))).toBe('key_not_suspended');
    expect(codeOf(await resume(at, at.admin, await suspended(at), code))).toBe('ok');
  });

  test('that goes on begins to be counted anew', async () => {
    const at = await shop();
    const key = await at.newKey();
    await at.rule('key_forbidden', 1, 3);
    await at.noteTimes(key, 'key_forbidden', 3);
    must(await resume(at, at.admin, key));
    expect(await at.noteTimes(key, 'key_forbidden', 2)).toEqual(['alert']);
    expect(await at.noteTimes(key, 'key_forbidden', 1)).toEqual(['suspend']);
  });

  test('is rotated: the new one works, and the old one ends at once whatever grace is asked for', async () => {
    const at = await shop();
    const key = await suspended(at);
    const next = must(await rotateApiKey(at.as(at.preparer), { key_id: key.id, grace_seconds: 3_600, code: await world.freshCode(at.preparer) }));
    expect(next).toMatchObject({ state: 'active', suspended_at: null });
    expect(await world.publicContext().directory.apiKey(key.hash)).toBeNull();
    expect(codeOf(await resume(at, at.preparer, key))).toBe('key_not_suspended');
  });
});

describe('a rotated key', () => {
  test('that is suspended in its grace is not rotated again, which is said before the code is used, and may be revoked', async () => {
    const at = await shop();
    const key = await at.newKey();
    const rotate = async (code: string) => rotateApiKey(at.as(at.preparer), { key_id: key.id, grace_seconds: 3_600, code });
    must(await rotate(await world.freshCode(at.preparer)));
    await world.api(at.tenantId).inTenant((stores) => stores.apiKeys.suspend(key.id));
    const refused = await rotate('000000');
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'key_not_active', extra: { state: 'suspended' } } });
    expect(refused).toMatchObject({ refusal: { detail: expect.stringContaining('may be revoked') } });
    expect(must(await revokeApiKey(at.as(at.preparer), { key_id: key.id }))).toMatchObject({ state: 'revoked' });
  });
});

describe('rules of a workspace', () => {
  const set = async (at: Shop, who: Person, input: { kind: AnomalyKind; alert_at: number; suspend_at: number | 'never' }, code?: string) =>
    setAnomalyRule(at.as(who), { ...input, code: code ?? (await world.freshCode(who)) });
  const ruleOf = async (at: Shop, kind: AnomalyKind) => must(await showAnomalyRules(at.as(at.admin))).rules.find((one) => one.kind === kind);

  test('are the defaults until somebody sets one with a code, which leaves an event', async () => {
    const at = await shop();
    expect(await ruleOf(at, 'key_forbidden')).toEqual({ kind: 'key_forbidden', alert_at: 20, suspend_at: 200, set_at: null });
    must(await set(at, at.admin, { kind: 'key_forbidden', alert_at: 7, suspend_at: 'never' }));
    must(await set(at, at.admin, { kind: 'key_forbidden', alert_at: 2, suspend_at: 4 }));
    expect(await ruleOf(at, 'key_forbidden')).toMatchObject({ alert_at: 2, suspend_at: 4, set_at: expect.any(String) });
    const key = await at.newKey();
    expect(await at.noteTimes(key, 'key_forbidden', 4)).toEqual(['alert', 'suspend']);
    const [event] = await at.sql(`SELECT detail FROM audit_event WHERE action = 'workspace.set_anomaly_rule' ORDER BY id DESC LIMIT 1`);
    expect(event).toEqual({ detail: { kind: 'key_forbidden', alert_at: 2, suspend_at: 4 } });
  });

  test('stay without a right code, and a session of a key sets none', async () => {
    const at = await shop();
    const never = { kind: 'key_forbidden', alert_at: 1, suspend_at: 'never' } as const;
    expect(codeOf(await set(at, at.admin, never, await world.wrongCode(at.admin)))).toBe('code_wrong');
    const byKey = world.as({ type: 'api_key', keyId: at.admin.id, ownerPersonId: at.admin.id, scopes: ['keys.manage'] }, { tenantId: at.tenantId });
    expect(codeOf(await setAnomalyRule(byKey, { ...never, code: '000000' }))).toBe('forbidden');
    expect(await ruleOf(at, 'key_forbidden')).toMatchObject({ suspend_at: 200, set_at: null });
  });

  test('suspend no person, and no key before it is told, which is said by field and uses no code', async () => {
    const at = await shop();
    const code = await world.freshCode(at.admin);
    for (const input of [
      { kind: 'person_forbidden', alert_at: 5, suspend_at: 5 },
      { kind: 'key_forbidden', alert_at: 5, suspend_at: 4 },
    ] as const)
      expect(refusalOf(await set(at, at.admin, input, code))).toEqual({ code: 'invalid_request', errors: ['suspend_at threshold'] });
    expect(codeOf(await set(at, at.admin, { kind: 'key_forbidden', alert_at: 5, suspend_at: 5 }, code))).toBe('ok');
  });
});
