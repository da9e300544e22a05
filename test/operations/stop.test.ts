import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createBatch } from '../../contracts/batches.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { disablePerson } from '../../operations/person/change.js';
import { createSession } from '../../operations/session/create.js';
import { liftStop } from '../../operations/stop/lift.js';
import { showStop } from '../../operations/stop/show.js';
import { stopWorkspace } from '../../operations/stop/stop.js';
import type { WireStop } from '../../operations/stop/view.js';
import { confirmFreeze } from '../../operations/tenant/confirm.js';
import { freezeTenant } from '../../operations/tenant/freeze.js';
import { thawTenant } from '../../operations/tenant/thaw.js';
import { withdrawFreeze } from '../../operations/tenant/withdraw.js';
import type { Operator } from '../world/operators.js';
import { passkeyOf } from '../world/passkeys.js';
import { iban } from '../world/payees.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import type { Person } from '../world/people.js';
import { codeOf, must, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: PayingWorld;
let olu: Person;
let ann: Person;
let ada: Operator;
let ben: Operator;
beforeAll(async () => {
  world = await openPayingWorld();
  [ada, ben] = [await world.operator(), await world.operator()];
});
afterAll(() => world?.close());
beforeEach(async () => {
  // A test that fails leaves the next ones a workspace that is open.
  await world.sql('DELETE FROM workspace_stop');
  await world.sql('DELETE FROM workspace_freeze');
  await world.sql('UPDATE workspace SET frozen_at = NULL, closed_at = NULL');
  [olu, ann] = [await world.person('owner'), await world.person('admin')];
});

const quiet = () => {};
const stop = async (who = olu): Promise<WireStop> =>
  must(await stopWorkspace(world.as(who), { reason: 'A laptop was stolen', code: await world.freshCode(who) }));
const lift = async (who: Person, { stop: open }: WireStop) =>
  liftStop(world.as(who), { stop_id: uuidOf(open?.id ?? ''), code: await world.freshCode(who) });
const lifted = async (stopped: WireStop): Promise<WireStop> => {
  must(await lift(olu, stopped));
  return must(await lift(ann, stopped));
};
const logged = async (): Promise<string[]> =>
  (
    await world.sql<{ said: string }>(
      `SELECT action || ' ' || result AS said FROM audit_event WHERE subject_type = 'workspace' AND action LIKE 'workspace.%' ORDER BY id DESC LIMIT 4`,
    )
  ).map(({ said }) => said);

describe('one of the people who stops the workspace', () => {
  test('stops the next chunk of a running batch, which goes on by itself once two have lifted it', async () => {
    const batchId = await world.executing(tokens(2));
    const stopped = await stop();
    expect(stopped).toMatchObject({ stopped_at: stopped.stop?.stopped_at, stop: { reason: 'A laptop was stolen', lift: null } });
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'halted', halt: 'frozen' });
    const shown = must(await showPayoutBatch(world.as(await world.person('auditor')), { batch_id: batchId }));
    expect(shown.attention).toContain('workspace_frozen');
    await world.sql('DELETE FROM outbox');
    expect(await lifted(stopped)).toMatchObject({ stopped_at: null, stop: null });
    expect(await world.sql('SELECT FROM outbox WHERE batch_id = $1', [batchId])).toHaveLength(1);
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'paid', sent: 2 });
    expect(await logged()).toEqual(expect.arrayContaining(['workspace.stop ok', 'workspace.ask_to_lift_stop ok', 'workspace.lift_stop ok']));
  });

  test('keeps new batches out, while people still sign in', async () => {
    await stop();
    const preparer = await world.person('preparer');
    const item = { payee: { reference: 'p', name: 'Ada', payee_type: 'individual', country: 'DE', iban: iban(1) }, amount: 100, reference: 'r' };
    const input = { ...createBatch.parse({ currency: 'EUR', rail: 'sandbox', items: [item] }), validate_only: false };
    expect(codeOf(await createPayoutBatch(world.as(preparer), input))).toBe('workspace_frozen');
    must(await createSession(world.publicContext(), { email: preparer.email, password: preparer.password, code: await world.code(preparer) }));
    expect(must(await showStop(world.as(preparer))).stop?.stopped_by.name).toBe('The owner');
  });

  test('gives a right code, and a wrong one changes nothing', async () => {
    const refused = await stopWorkspace(world.as(olu), { reason: 'x', code: await world.wrongCode(olu) });
    expect([codeOf(refused), must(await showStop(world.as(olu))).stopped_at]).toEqual(['code_wrong', null]);
    expect((await logged())[0]).toBe('workspace.stop code_wrong');
  });

  test('does it with a factor that is too new to decide anything else', async () => {
    const fresh = await world.secondFactor(olu, { rested: false });
    const stopped = must(await stopWorkspace(world.as(olu), { reason: 'x', code: await world.code(fresh) }));
    const again = await world.secondFactor(ann, { rested: false });
    expect(codeOf(await liftStop(world.as(ann), { stop_id: uuidOf(stopped.stop?.id ?? ''), code: await world.code(again) }))).toBe('factor_resting');
  });

  test('gives a recovery code where all their factors are passkeys, once', async () => {
    const owner = await world.withoutFactor('owner');
    const code = must((await passkeyOf(world, owner, { byPassword: true })).confirmed).recovery_codes?.[0] ?? '';
    expect(codeOf(await stopWorkspace(world.as(owner), { reason: 'x', code: '123456' }))).toBe('factor_missing');
    expect(must(await stopWorkspace(world.as(owner), { reason: 'x', code })).stop?.stopped_by.name).toBe('The owner');
    expect(codeOf(await stopWorkspace(world.as(owner), { reason: 'x', code }))).not.toBe('ok');
  });

  test('is somebody who signed in: no key and no operator', async () => {
    const key = { type: 'api_key', keyId: world.services.entropy.newId(), ownerPersonId: olu.id, scopes: [] } as const;
    for (const actor of [key, ada.actor]) expect(codeOf(await stopWorkspace(world.as(actor), { reason: 'x', code: '000000' }))).toBe('forbidden');
  });
});

describe('a stop', () => {
  test('is lifted by two people, of whom who stopped it may be one, and each with a code', async () => {
    const stopped = await stop();
    const asked = must(await lift(olu, stopped));
    expect(asked.stop?.lift?.asked_by.name).toBe('The owner');
    expect(codeOf(await lift(olu, stopped))).toBe('freeze_same_person');
    const wrong = await liftStop(world.as(ann), { stop_id: uuidOf(stopped.stop?.id ?? ''), code: await world.wrongCode(ann) });
    expect([codeOf(wrong), must(await showStop(world.as(ann))).stop?.id]).toEqual(['code_wrong', stopped.stop?.id]);
    expect(must(await lift(ann, stopped)).stop).toBeNull();
    expect(codeOf(await lift(ann, stopped))).toBe('freeze_state');
  });

  test('is lifted as it was looked at: not one of since then', async () => {
    const first = await stop();
    await lifted(first);
    await stop();
    expect(codeOf(await lift(ann, first))).toBe('freeze_state');
  });

  test('asked for again keeps money stopped, whoever asked to lift it', async () => {
    const stopped = await stop();
    must(await lift(olu, stopped));
    expect(await stop(ann)).toMatchObject({ stop: { id: stopped.stop?.id, stopped_by: { name: 'The owner' }, lift: null } });
    expect(must(await lift(ann, stopped)).stop?.lift?.asked_by.name).toBe('The admin');
  });

  test('is not lifted with who asked and may stop no longer: the next one takes their place', async () => {
    const stopped = await stop();
    must(await lift(ann, stopped));
    must(await disablePerson(world.as(olu), { person_id: ann.id }));
    const asked = must(await lift(olu, stopped));
    expect(asked.stop?.lift?.asked_by.name).toBe('The owner');
  });

  test.each(['withdrawn', 'thawed'] as const)('stays when a freeze of operators is %s', async (how) => {
    const asked = must(await freezeTenant(world.as(ada.actor), { reason: 'x' }));
    const stopped = await stop();
    const freeze_id = uuidOf(asked.freeze?.id ?? '');
    if (how === 'withdrawn') must(await withdrawFreeze(world.as(ada.actor)));
    else {
      must(await confirmFreeze(world.as(ben.actor), { freeze_id, step: 'freeze' }));
      must(await thawTenant(world.as(ada.actor), { reason: 'x' }));
      expect(must(await confirmFreeze(world.as(ben.actor), { freeze_id, step: 'thaw' }))).toMatchObject({ state: 'stopped', closed_at: null });
    }
    expect(must(await showStop(world.as(olu)))).toMatchObject({ stopped_at: stopped.stop?.stopped_at, stop: { id: stopped.stop?.id } });
    expect(await lifted(stopped)).toMatchObject({ stopped_at: null, stop: null });
  });

  test.each(['before', 'after'] as const)('that is lifted leaves a freeze that operators asked for %s it', async (when) => {
    const freeze = async () => must(await freezeTenant(world.as(ada.actor), { reason: 'x' }));
    if (when === 'before') await freeze();
    const stopped = await stop();
    if (when === 'after') await freeze();
    const left = await lifted(stopped);
    expect([left.stop, left.stopped_at]).toEqual([null, expect.any(String)]);
    expect(must(await withdrawFreeze(world.as(ada.actor)))).toMatchObject({ state: 'open', stopped_at: null });
  });

  test('leaves what was stopped before by other means', async () => {
    await world.sql(`UPDATE workspace SET frozen_at = now() - interval '1 minute'`);
    expect(await lifted(await stop())).toMatchObject({ stop: null, stopped_at: expect.any(String) });
  });
});
