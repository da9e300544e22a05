import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { GATES } from '../../domain/gate.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import { topUp } from '../../operations/ledger/top-up.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const factorOf = async (who: Person) => {
  const [row] = await world.sql<{ last_step: string; counted: string }>(
    'SELECT last_step, (SELECT count(*) FROM factor_failures c WHERE c.person_id = factor.person_id) AS counted FROM factor WHERE id = $1',
    [who.factorId],
  );
  return row;
};

describe('when a gate is closed', () => {
  test.each(GATES)('%s: deadline, freeze and recovery refuse, are audited and change nothing', async (gate) => {
    const { batch, who } = await world.waitingFor(gate);
    const challenge = await world.challenge(who, gate, batch.id);
    const before = await world.controlOf(batch.id);
    await world.sql(`UPDATE workspace SET frozen_at = now()`);
    expect(codeOf(await world.tryGate(who, gate, batch.id, challenge))).toBe('workspace_frozen');
    await world.sql(`UPDATE workspace SET frozen_at = NULL`);
    const recovering = world.as(who, { services: { recovery: { reason: () => 'behind' } } });
    const input = { gate, batch_id: batch.id, challenge_id: challenge, code: await world.code(who) };
    expect(codeOf(await openGate(recovering, input))).toBe('recovery_mode');
    await world.sql(`UPDATE batch_control SET deadline_at = now() - interval '1 second', row_version = row_version + 1 WHERE batch_id = $1`, [
      batch.id,
    ]);
    expect(codeOf(await world.tryGate(who, gate, batch.id, challenge))).toBe('gate_deadline_passed');
    expect(codeOf(await askChallenge(world.as(who), { batch_id: batch.id, gate }))).toBe('gate_deadline_passed');
    expect(await world.results(batch.id, `gate.${gate}`)).toEqual(['workspace_frozen', 'recovery_mode', 'gate_deadline_passed']);
    expect((await world.controlOf(batch.id)).state).toBe(before.state);
    expect(await factorOf(who)).toEqual({ last_step: '0', counted: '0' });
  });

  test('execute_by closes every gate', async () => {
    const { batch, who } = await world.waitingFor('approve', { executeBy: new Date(Date.now() - 1000) });
    expect(codeOf(await askChallenge(world.as(who), { batch_id: batch.id, gate: 'approve' }))).toBe('gate_deadline_passed');
  });

  test('execute is closed while the audit log is behind', async () => {
    const { batch, who } = await world.waitingFor('execute');
    const challenge = await world.challenge(who, 'execute', batch.id);
    await world.sql(`UPDATE audit_pending SET created_at = now() - interval '61 seconds' WHERE tenant_id = $1`, [world.home.tenantId]);
    expect(codeOf(await world.tryGate(who, 'execute', batch.id, challenge))).toBe('audit_behind');
    await world.sql(`UPDATE audit_pending SET created_at = now() WHERE tenant_id = $1`, [world.home.tenantId]);
    expect(codeOf(await world.tryGate(who, 'execute', batch.id, challenge))).toBe('ok');
  });
});

describe('money', () => {
  test('a challenge for authorize is refused while money is missing, and says how much; one for approve is not', async () => {
    const funds = await world.balance(world.home.funding);
    const first = await world.waitingFor('approve', { amounts: [funds + 77n] });
    const seen = await askChallenge(world.as(first.who), { batch_id: first.batch.id, gate: 'approve' });
    expect(seen).toMatchObject({ ok: true, value: { summary: { funding_account: { balance_after: -77 } } } });
    const { batch, who } = await world.waitingFor('authorize', { amounts: [funds + 77n] });
    const refused = await askChallenge(world.as(who), { batch_id: batch.id, gate: 'authorize' });
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'insufficient_funds', extra: { shortfall: 77, available: Number(funds) } } });
    expect(await world.results(batch.id, 'gate.challenge')).toContain('insufficient_funds');
    expect(await world.sql('SELECT 1 FROM challenge WHERE batch_id = $1 AND gate = $2', [batch.id, 'authorize'])).toEqual([]);
  });

  test('money that went to another batch after the challenge: refused and audited, and neither code nor challenge is used up', async () => {
    const funds = await world.balance(world.home.funding);
    const { batch, who } = await world.waitingFor('authorize', { amounts: [funds] });
    const challenge = await world.challenge(who, 'authorize', batch.id);
    const other = await world.waitingFor('authorize', { amounts: [77n] });
    const taken = await world.tryGate(other.who, 'authorize', other.batch.id, await world.challenge(other.who, 'authorize', other.batch.id));
    expect(codeOf(taken)).toBe('ok');
    const code = await world.code(who);
    const refused = await world.tryGate(who, 'authorize', batch.id, challenge, code);
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'insufficient_funds', extra: { shortfall: 77, available: Number(funds) - 77 } } });
    expect((await factorOf(who))?.last_step).toBe('0');
    expect(await world.results(batch.id, 'gate.authorize')).toEqual(['insufficient_funds']);
    const funded = await topUp(world.as(await world.person('preparer')), { account_id: world.home.funding, amount: 77 });
    expect(funded).toMatchObject({ ok: true, value: { balance: Number(funds) } });
    expect(codeOf(await world.tryGate(who, 'authorize', batch.id, challenge, code))).toBe('ok');
    expect(await world.balance(world.home.funding)).toBe(0n);
    await topUp(world.as(await world.person('preparer')), { account_id: world.home.funding, amount: 1_000_000 });
  });

  test('of 16 batches that are authorized at once on one account, exactly those that it covers get their hold', async () => {
    const funds = await world.balance(world.home.funding);
    const each = funds / 5n;
    const ready = [];
    for (let i = 0; i < 16; i++) {
      const { batch, who } = await world.waitingFor('authorize', { amounts: [each] });
      ready.push({ batch, who, challenge: await world.challenge(who, 'authorize', batch.id) });
    }
    const held = await world.balance(world.home.held);
    const codes = (await Promise.all(ready.map(({ batch, who, challenge }) => world.tryGate(who, 'authorize', batch.id, challenge)))).map(codeOf);
    expect(codes.filter((code) => code === 'ok')).toHaveLength(5);
    expect(codes.filter((code) => code === 'insufficient_funds')).toHaveLength(11);
    expect(await world.balance(world.home.funding)).toBe(funds - 5n * each);
    expect(await world.balance(world.home.held)).toBe(held + 5n * each);
  });
});
