import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Actor } from '../../domain/actors.js';
import { GATES } from '../../domain/gate.js';
import { ROLES } from '../../domain/permissions.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import { editPayoutBatch } from '../../operations/payout-batch/edit.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

describe('three gates', () => {
  test('three people with three permissions move a batch to executing, each leaving its own event [S3-11] [S3-12] [S3-13] [S3-21] [S1-25]', async () => {
    const before = await world.balance(world.home.funding);
    const batch = await world.batch({ amounts: [700n, 300n] });
    const people = await world.openUpTo('execute', batch.id);
    expect(await world.controlOf(batch.id)).toMatchObject({ state: 'executing', row_version: 4 });

    const gates = await world.sql<{ gate: string; person_id: string; event_id: string; digest: Buffer }>(
      'SELECT gate, person_id, event_id, digest FROM gate WHERE batch_id = $1 ORDER BY opened_at',
      [batch.id],
    );
    expect(gates.map(({ gate, person_id }) => [gate, person_id])).toEqual(GATES.map((gate, i) => [gate, people[i]?.id]));
    expect(gates.every(({ digest }) => digest.equals(batch.digest))).toBe(true);
    const events = await world.sql<{ id: string; action: string; actor: Actor }>(
      `SELECT id, action, actor FROM audit_event WHERE subject_id = $1 AND action <> 'gate.challenge' ORDER BY subject_seq`,
      [batch.id],
    );
    expect(events.map(({ action }) => action)).toEqual(['gate.approve', 'gate.authorize', 'gate.execute']);
    expect(events.map(({ id }) => id)).toEqual(gates.map(({ event_id }) => event_id));
    expect(events.map(({ actor }) => actor.type === 'user' && actor.personId)).toEqual(people.map(({ id }) => id));

    const [hold] = await world.sql<{ amount: string; remaining: string }>('SELECT amount, remaining FROM hold WHERE batch_id = $1', [batch.id]);
    expect(hold).toEqual({ amount: '1000', remaining: '1000' });
    expect(await world.balance(world.home.funding)).toBe(before - 1000n);
    const messages = await world.sql('SELECT message, body FROM outbox WHERE batch_id = $1 ORDER BY id', [batch.id]);
    expect(messages).toHaveLength(3);
    expect(messages.every(({ message, body }) => message === 'gate_opened' && typeof body.gateId === 'string')).toBe(true);
  });

  test('a gate is committed before anything can happen between commit and signal', async () => {
    const { batch, who } = await world.waitingFor('approve');
    const seen: unknown[] = [];
    const failpoint = async (name: string) => {
      const { state, row_version } = await world.controlOf(batch.id);
      seen.push(name, { state, row_version });
    };
    const challenge_id = await world.challenge(who, 'approve', batch.id);
    await openGate(world.as(who, { services: { failpoint } }), { gate: 'approve', batch_id: batch.id, challenge_id, code: await world.code(who) });
    expect(seen).toEqual(['between_gate_commit_and_signal', { state: 'approved', row_version: 2 }]);
  });
});

describe('who may open a gate', () => {
  test('one person never opens two gates of a batch, not even an admin [S3-13]', async () => {
    const admin = await world.person('admin');
    const { id } = await world.batch();
    expect(codeOf(await world.tryGate(admin, 'approve', id, await world.challenge(admin, 'approve', id)))).toBe('ok');
    expect(codeOf(await askChallenge(world.as(admin), { batch_id: id, gate: 'authorize' }))).toBe('gate_same_person');
    // The gate gives the same answer for a challenge of another workspace.
    await world.sql(
      `INSERT INTO challenge (tenant_id, id, batch_id, person_id, gate, content_version, digest, expires_at)
       SELECT tenant_id, gen_random_uuid(), batch_id, $2, 'authorize', 1, digest, now() + interval '1 minute' FROM batch_content WHERE batch_id = $1`,
      [id, admin.id],
    );
    const [forged] = await world.sql<{ id: string }>(`SELECT id FROM challenge WHERE batch_id = $1 AND gate = 'authorize'`, [id]);
    expect(codeOf(await world.tryGate(admin, 'authorize', id, forged?.id ?? '', await world.code(admin, 1)))).toBe('gate_same_person');
    expect(await world.results(id, 'gate.authorize')).toEqual(['gate_same_person']);
  });

  test('a person who prepared a batch, or changed one of its destinations lately, opens neither approve nor authorize [S3-13]', async () => {
    const [preparer, changer] = [await world.person('admin'), await world.person('admin')];
    const { id } = await world.batch({ preparer, payees: [await world.payee('Erika', changer)] });
    for (const who of [preparer, changer])
      expect(codeOf(await askChallenge(world.as(who), { batch_id: id, gate: 'approve' }))).toBe('preparer_cannot_open');
    await world.openUpTo('approve', id);
    for (const who of [preparer, changer])
      expect(codeOf(await askChallenge(world.as(who), { batch_id: id, gate: 'authorize' }))).toBe('preparer_cannot_open');
  });

  test('each gate needs its own permission [S3-11]', async () => {
    const { id } = await world.batch();
    for (const role of ['preparer', 'authorizer', 'executor', 'auditor'] as const)
      expect(codeOf(await askChallenge(world.as(await world.person(role)), { batch_id: id, gate: 'approve' }))).toBe('forbidden');
  });

  test('no API key, agent, impersonator or process opens a gate, not even with a challenge and a code', async () => {
    const { batch, who } = await world.waitingFor('approve');
    const challenge = await world.challenge(who, 'approve', batch.id);
    const actors: Actor[] = [
      { type: 'api_key', keyId: who.id, ownerPersonId: who.id, scopes: ['gates.approve'] },
      { type: 'agent', agentId: who.id, ownerPersonId: who.id, scopes: ['gates.approve'] },
      { type: 'support_impersonator', operatorId: who.id, personId: who.id, roles: ['approver'], permissions: ROLES.approver },
      { type: 'system', process: 'api' },
    ];
    for (const actor of actors) {
      const input = { gate: 'approve' as const, batch_id: batch.id, challenge_id: challenge, code: await world.code(who) };
      expect(codeOf(await openGate(world.as(actor), input))).toBe('gate_needs_person');
    }
    expect(await world.results(batch.id, 'gate.approve')).toEqual(Array(4).fill('gate_needs_person'));
    expect(await world.controlOf(batch.id)).toMatchObject({ state: 'queued', row_version: 1 });
  });

  test('execute stays closed when an earlier holder has left, lost the permission, or has roles that SQL wrote', async () => {
    const { batch, holders, who } = await world.waitingFor('execute');
    const [approver, authorizer] = holders as [Person, Person];
    const challenge = await world.challenge(who, 'execute', batch.id);
    await world.sql('UPDATE membership SET disabled_at = now() WHERE person_id = $1', [approver.id]);
    expect(codeOf(await world.tryGate(who, 'execute', batch.id, challenge))).toBe('gate_holder_inactive');
    await world.sql('UPDATE membership SET disabled_at = NULL WHERE person_id = $1', [approver.id]);
    await world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [approver.id]);
    expect(codeOf(await world.tryGate(who, 'execute', batch.id, challenge))).toBe('gate_holder_inactive');
    await world.sql('UPDATE person SET disabled_at = NULL WHERE id = $1', [approver.id]);
    await world.sql(`UPDATE membership SET roles = '{auditor}' WHERE person_id = $1`, [authorizer.id]);
    expect(codeOf(await world.tryGate(who, 'execute', batch.id, challenge))).toBe('gate_holder_inactive');
    await world.sql(`UPDATE membership SET roles = '{authorizer,approver}' WHERE person_id = $1`, [authorizer.id]);
    expect(codeOf(await world.tryGate(who, 'execute', batch.id, challenge))).toBe('gate_holder_inactive');
    await world.sql(`UPDATE membership SET roles = '{authorizer}' WHERE person_id = $1`, [authorizer.id]);
    expect(codeOf(await world.tryGate(who, 'execute', batch.id, challenge))).toBe('ok');
  });
});

describe('what a gate is bound to', () => {
  test('a challenge of another person, gate or batch, or none, is the same unknown challenge', async () => {
    const { batch, who } = await world.waitingFor('approve');
    const [other, elsewhere] = [await world.person('admin'), await world.batch()];
    const mine = await world.challenge(who, 'approve', batch.id);
    const refusals = [
      await world.tryGate(other, 'approve', batch.id, mine),
      await world.tryGate(who, 'approve', elsewhere.id, mine),
      await world.tryGate(who, 'authorize', batch.id, mine),
      await world.tryGate(who, 'approve', batch.id, who.id),
    ];
    const [first] = refusals;
    expect(codeOf(first as (typeof refusals)[number])).toBe('challenge_unknown');
    for (const refusal of refusals) expect(refusal).toEqual(first);
  });

  test('a batch of another workspace is not found, exactly like one that does not exist', async () => {
    const { batch, who } = await world.waitingFor('approve');
    const challenge = await world.challenge(who, 'approve', batch.id);
    const foreign = await world.workspace();
    const stranger = await world.person('approver', [foreign.tenantId]);
    const there = world.as(stranger, { tenantId: foreign.tenantId });
    const input = { gate: 'approve' as const, challenge_id: challenge, code: await world.code(stranger) };
    const answer = await openGate(there, { ...input, batch_id: batch.id });
    expect(codeOf(answer)).toBe('not_found');
    expect(await openGate(there, { ...input, batch_id: stranger.id })).toEqual(answer);
  });

  test('a challenge is used once, and expires', async () => {
    const { batch, who } = await world.waitingFor('approve');
    const [late, used] = [await world.challenge(who, 'approve', batch.id), await world.challenge(who, 'approve', batch.id)];
    await world.sql(`UPDATE challenge SET expires_at = now() - interval '1 second' WHERE id = $1`, [late]);
    expect(codeOf(await world.tryGate(who, 'approve', batch.id, late))).toBe('challenge_expired');
    expect(codeOf(await world.tryGate(who, 'approve', batch.id, used))).toBe('ok');
    expect(codeOf(await world.tryGate(who, 'approve', batch.id, used, await world.code(who, 1)))).toBe('challenge_used');
    expect(await world.results(batch.id, 'gate.approve')).toEqual(['challenge_expired', 'ok', 'challenge_used']);
  });

  test('an edit after a gate voids it, its hold and every challenge', async () => {
    const { batch, who } = await world.waitingFor('execute', { amounts: [5n, 6n, 7n] });
    const challenge = await world.challenge(who, 'execute', batch.id);
    const held = await world.balance(world.home.held);
    const edited = await editPayoutBatch(world.as(await world.person('preparer')), {
      batch_id: batch.id,
      exclude: [{ batchId: batch.id, ordinal: 1 }],
    });
    expect(edited).toMatchObject({ ok: true, value: { state: 'queued', total: 12, gates: [] } });
    expect(await world.balance(world.home.held)).toBe(held - 18n);
    expect(codeOf(await world.tryGate(who, 'execute', batch.id, challenge))).toBe('challenge_stale');
  });

  test('a challenge whose digest is no longer the stored one is stale, whoever changed it', async () => {
    const { batch, who } = await world.waitingFor('approve');
    await world.sql(
      `INSERT INTO challenge (tenant_id, id, batch_id, person_id, gate, content_version, digest, expires_at)
       VALUES ($1, $2, $3, $4, 'approve', 1, sha256('other'), now() + interval '1 minute')`,
      [world.home.tenantId, who.factorId, batch.id, who.id],
    );
    expect(codeOf(await world.tryGate(who, 'approve', batch.id, who.factorId))).toBe('challenge_stale');
  });

  test('the challenge shows payees, rail, currency, amounts, digest and what the account holds afterwards [S3-09]', async () => {
    const payees = await Promise.all(['Ada', 'Bert', 'Cleo'].map((name) => world.payee(name)));
    const { batch, who } = await world.waitingFor('authorize', { amounts: [10n, 30n, 20n], payees });
    const balance = await world.balance(world.home.funding);
    const asked = await askChallenge(world.as(who), { batch_id: batch.id, gate: 'authorize' });
    expect(asked).toMatchObject({
      ok: true,
      value: {
        gate: 'authorize',
        digest: batch.digest.toString('hex'),
        summary: {
          item_count: 3,
          excluded_count: 0,
          total: 60,
          currency: 'EUR',
          rail: 'sandbox',
          new_payees: 3,
          funding_account: { balance: Number(balance), balance_after: Number(balance) - 60 },
          largest: [
            { payee_name: 'Bert', amount: 30, destination: 'IBAN DE …1234' },
            { payee_name: 'Cleo', amount: 20 },
            { payee_name: 'Ada', amount: 10 },
          ],
        },
      },
    });
    const executing = await world.waitingFor('execute', { amounts: [60n] });
    const shown = await askChallenge(world.as(executing.who), { batch_id: executing.batch.id, gate: 'execute' });
    expect(shown.ok && shown.value.summary.funding_account).toMatchObject({ balance_after: Number(balance) - 60 });
  });
});
