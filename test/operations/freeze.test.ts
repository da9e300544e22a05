import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createBatch } from '../../contracts/batches.js';
import { payChunk } from '../../operations/chunk/pay.js';
import type { Context } from '../../operations/context.js';
import { topUp } from '../../operations/ledger/top-up.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import { resumePayoutBatch } from '../../operations/payout-batch/resume.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { applyProposals } from '../../operations/proposal/apply.js';
import { createSession } from '../../operations/session/create.js';
import { confirmFreeze } from '../../operations/tenant/confirm.js';
import { freezeTenant } from '../../operations/tenant/freeze.js';
import { showTenant } from '../../operations/tenant/show.js';
import { thawTenant } from '../../operations/tenant/thaw.js';
import type { WireTenant } from '../../operations/tenant/view.js';
import { withdrawFreeze } from '../../operations/tenant/withdraw.js';
import type { Operator } from '../world/operators.js';
import { iban } from '../world/payees.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import { confirmedProposal } from '../world/proposals.js';
import { codeOf, must, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: PayingWorld;
let ada: Operator;
let ben: Operator;
beforeAll(async () => {
  world = await openPayingWorld();
  [ada, ben] = [await world.operator(), await world.operator()];
});
afterAll(() => world?.close());

const quiet = () => {};
const as = (operator: Operator): Context => world.as(operator.actor);
const ask = async (operator = ada): Promise<WireTenant> => must(await freezeTenant(as(operator), { reason: 'Payees were changed' }));
const confirm = (operator: Operator, step: 'freeze' | 'thaw', { freeze }: WireTenant) =>
  confirmFreeze(as(operator), { freeze_id: uuidOf(freeze?.id ?? ''), step });
const frozen = async (): Promise<WireTenant> => must(await confirm(ben, 'freeze', await ask()));
const thawed = async (tenant: WireTenant): Promise<WireTenant> => {
  must(await thawTenant(as(ada), { reason: 'It was a mistake' }));
  return must(await confirm(ben, 'thaw', tenant));
};
/** What the log says of the workspace, newest first. */
const logged = async (): Promise<string[]> =>
  (
    await world.sql<{ said: string }>(
      `SELECT action || ' ' || result AS said FROM audit_event WHERE subject_type = 'workspace' AND action LIKE 'workspace.%' ORDER BY id DESC LIMIT 5`,
    )
  ).map(({ said }) => said);

beforeEach(async () => {
  // A test that fails leaves the next ones a workspace that is open.
  await world.sql('DELETE FROM workspace_freeze');
  await world.sql(`UPDATE workspace SET frozen_at = NULL, closed_at = NULL`);
});

describe('one operator who asks for a freeze', () => {
  test('stops the next chunk of a running batch, which says why [S5-37]', async () => {
    const batchId = await world.executing(tokens(2));
    await ask();
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'halted', halt: 'frozen' });
    const shown = must(await showPayoutBatch(world.as(await world.person('auditor')), { batch_id: batchId }));
    expect(shown.attention).toContain('workspace_frozen');
    must(await withdrawFreeze(as(ada)));
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'paid', sent: 2 });
  });

  test('stops top-ups and new batches, while people still get in', async () => {
    await ask();
    const preparer = await world.person('preparer');
    expect(codeOf(await topUp(world.as(preparer), { account_id: world.home.funding, amount: 100 }))).toBe('workspace_frozen');
    const item = { payee: { reference: 'p', name: 'Ada', payee_type: 'individual', country: 'DE', iban: iban(1) }, amount: 100, reference: 'r' };
    const input = { ...createBatch.parse({ currency: 'EUR', rail: 'sandbox', items: [item] }), validate_only: false };
    expect(codeOf(await createPayoutBatch(world.as(preparer), input))).toBe('workspace_frozen');
    must(await createSession(world.publicContext(), { email: preparer.email, password: preparer.password, code: await world.code(preparer) }));
  });

  test('holds back what two people of the workspace decided about doubt, until money moves again', async () => {
    const proposalId = await confirmedProposal(world);
    const state = async () => (await world.sql<{ state: string }>('SELECT state FROM proposal WHERE id = $1', [proposalId]))[0]?.state;
    await ask();
    await expect(confirmedProposal(world)).rejects.toMatchObject({ message: expect.stringContaining('workspace_frozen') });
    expect(await applyProposals(world.worker())).toBe(0);
    expect(await state()).toBe('confirmed');
    must(await withdrawFreeze(as(ada)));
    expect(await applyProposals(world.worker())).toBe(1);
    expect(await state()).toBe('applied');
  });

  test('holds them back also when they were looked up before, and not carried out yet', async () => {
    const proposalId = await confirmedProposal(world);
    const worker = world.worker();
    let asked = false;
    const overtaken: Context = {
      ...worker,
      inTenant: async (work, options) => {
        const found = await worker.inTenant(work, options);
        if (!asked) {
          asked = true;
          await ask();
        }
        return found;
      },
    };
    await applyProposals(overtaken);
    expect(await world.sql('SELECT state FROM proposal WHERE id = $1', [proposalId])).toEqual([{ state: 'confirmed' }]);
  });

  test('withdraws it alone, and nobody else does', async () => {
    await ask();
    expect(codeOf(await withdrawFreeze(as(ben)))).toBe('forbidden');
    expect(must(await withdrawFreeze(as(ada)))).toMatchObject({ state: 'open', stopped_at: null, freeze: null });
    expect(await logged()).toEqual(
      expect.arrayContaining(['workspace.withdraw_freeze forbidden', 'workspace.withdraw_freeze ok', 'workspace.freeze ok']),
    );
  });

  test('does not confirm it, with no key of theirs', async () => {
    const tenant = await ask();
    const other = await world.operator(ada);
    for (const same of [ada, other]) expect(codeOf(await confirm(same, 'freeze', tenant))).toBe('freeze_same_person');
    expect(must(await showTenant(as(ben))).state).toBe('stopped');
  });

  test('lifts no stop that somebody else made', async () => {
    await world.sql(`UPDATE workspace SET frozen_at = now() - interval '1 minute'`);
    await ask();
    must(await withdrawFreeze(as(ada)));
    expect(must(await showTenant(as(ben))).state).toBe('stopped');
  });
});

describe('a freeze by two', () => {
  test('refuses sign-in to who has the right password and code, and ends the sessions [S5-37]', async () => {
    const who = await world.person('approver');
    const { token } = must(await createSession(world.publicContext(), { email: who.email, password: who.password, code: await world.code(who) }));
    const hash = world.hashOfToken(token ?? '');
    await frozen();
    expect(await world.publicContext().directory.session(hash)).toMatchObject({ closed: true, ended: true });
    const wrong = await createSession(world.publicContext(), { email: who.email, password: 'not this one', code: '000000' });
    expect(codeOf(wrong)).toBe('invalid_credentials');
    const again = await createSession(world.publicContext(), { email: who.email, password: who.password, code: await world.code(who, 1) });
    expect(codeOf(again)).toBe('workspace_frozen');
  });

  test('signs somebody of another workspace in there', async () => {
    const elsewhere = await world.workspace();
    const who = await world.person('approver', [world.home.tenantId, elsewhere.tenantId]);
    await frozen();
    const { workspace } = must(await createSession(world.publicContext(), { email: who.email, password: who.password, code: await world.code(who) }));
    expect(uuidOf(workspace.id)).toBe(elsewhere.tenantId);
  });

  test('is thawed by two, and every batch that executes waits for somebody who resumes it', async () => {
    const batchId = await world.executing(tokens(2));
    const tenant = await frozen();
    expect(tenant).toMatchObject({ state: 'frozen', freeze: { reason: 'Payees were changed', proposed_by: { name: 'Ops' } } });
    expect(codeOf(await confirm(ada, 'thaw', tenant))).toBe('freeze_state');
    must(await thawTenant(as(ada), { reason: 'It was a mistake' }));
    expect(codeOf(await confirm(ada, 'thaw', tenant))).toBe('freeze_same_person');
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'halted', halt: 'frozen' });
    await world.sql('DELETE FROM outbox');
    expect(must(await confirm(ben, 'thaw', tenant))).toMatchObject({ state: 'open', closed_at: null, freeze: null });
    expect(await world.sql('SELECT message FROM outbox WHERE batch_id = $1', [batchId])).toEqual([{ message: 'batch_changed' }]);
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'halted', halt: 'paused' });
    must(await resumePayoutBatch(world.as(await world.person('executor')), { batch_id: batchId }));
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'paid', sent: 2 });
    expect((await logged()).slice(0, 3)).toEqual(['workspace.confirm_thaw ok', 'workspace.confirm_thaw freeze_same_person', 'workspace.thaw ok']);
  });

  test('is confirmed as it was looked at: not one that was asked for meanwhile', async () => {
    const first = await ask();
    must(await withdrawFreeze(as(ada)));
    await ask();
    expect(codeOf(await confirm(ben, 'freeze', first))).toBe('freeze_state');
  });

  test('ends once: a thaw that was confirmed leaves nothing to confirm', async () => {
    const tenant = await frozen();
    await thawed(tenant);
    expect(codeOf(await confirm(ben, 'thaw', tenant))).toBe('freeze_state');
  });

  test('ends with no session that a sign-in under way left behind', async () => {
    const who = await world.person('approver');
    const tenant = await frozen();
    const { hash } = world.credentials.newToken('session', 'test');
    const row = {
      id: world.services.entropy.newId(),
      tokenHash: hash,
      personId: who.id,
      withFactor: true,
      expiresAt: new Date(Date.now() + 3_600_000),
    };
    await world.as(who).inTenant((stores) => stores.sessions.insert(row));
    await thawed(tenant);
    expect(await world.publicContext().directory.session(hash)).toMatchObject({ closed: false, ended: true });
  });

  test('is a matter of operators: nobody of the workspace takes a step', async () => {
    const owner = world.as(await world.person('owner'));
    for (const refused of [await freezeTenant(owner, { reason: 'x' }), await withdrawFreeze(owner), await thawTenant(owner, { reason: 'x' })])
      expect(codeOf(refused)).toBe('forbidden');
  });
});
