import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { STEP_SECONDS } from '../../cli/identity/time-steps.js';
import { GATES, type Gate } from '../../domain/gate.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import type { GateKey, Services } from '../../operations/ports.js';
import { ROLE_OF } from '../world/gates.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import type { Person } from '../world/people.js';
import { codeOf, must, uuidOf } from '../world/wire.js';
import { acceptedOf, changeAsOwner, countedOnceSent, gateOf, type OwnerStatement, openExceptionOf, payIn, sentWithoutFactor } from './forging.js';

jest.setTimeout(120_000);

/** Who can only write SQL lets nothing leave (R11): each part of three gates forged alone, and what the worker does then. */

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
});
afterAll(() => world?.close());

const pay = (batchId: string) => payIn(world, batchId);
const accepted = (batchId: string) => acceptedOf(world, batchId);
const exceptionOf = (batchId: string) => openExceptionOf(world, batchId);
const counted = () => sentWithoutFactor(world);
const asOwner = (...statements: OwnerStatement[]) => changeAsOwner(world, ...statements);

describe('with the SQL of the API and another key, or none', () => {
  /** The code of an API that somebody runs with its database login: any code is right, and its key is not the installation's. */
  const stolen = (gateKey: GateKey): Partial<Services> => ({
    gateKey,
    credentials: { ...world.services.credentials, matchTotp: async () => Math.floor(Date.now() / 1_000 / STEP_SECONDS) },
  });
  const blind = (authenticator: () => Uint8Array): GateKey => ({ authenticate: authenticator, isAuthentic: () => true });

  const openAll = async (batchId: string, services: Partial<Services>, last: Gate = 'execute'): Promise<void> => {
    for (const gate of GATES) {
      const who = await world.person(ROLE_OF[gate]);
      const ctx = world.as(who, { services });
      const asked = await askChallenge(ctx, { batch_id: batchId, gate });
      if (!asked.ok) throw new Error(asked.refusal.code);
      expect(codeOf(await openGate(ctx, { gate, batch_id: batchId, challenge_id: uuidOf(asked.value.id), code: '000000' }))).toBe('ok');
      if (gate === last) return;
    }
  };

  test('the worker pays nothing, says why to people, and the metric counts nothing as sent', async () => {
    const batchId = await world.queued(tokens(3));
    await openAll(batchId, stolen(blind(() => randomBytes(32))));
    await world.sequence();
    expect((await world.view(batchId))?.control.state).toBe('executing');
    expect(await pay(batchId)).toEqual({ kind: 'halted', halt: 'gates_missing' });
    expect(await pay(batchId)).toEqual({ kind: 'halted', halt: 'gates_missing' });
    expect(await accepted(batchId)).toEqual([]);
    expect(await exceptionOf(batchId)).toMatchObject({
      kind: 'gates_forged',
      detail: { faults: ['approve: authenticator', 'authorize: authenticator', 'execute: authenticator'] },
    });
    expect(await world.results(batchId, 'exception.raise')).toEqual(['ok']);
    expect(must(await showPayoutBatch(world.api(), { batch_id: batchId })).attention).toEqual(['gates_forged', 'exceptions']);
    expect(await counted()).toBe(0);
  });

  test('the authenticator of another gate is none', async () => {
    const paid = await world.executing(tokens(1));
    const [old] = await world.sql<{ authenticator: Buffer }>(`SELECT authenticator FROM gate WHERE batch_id = $1 AND gate = 'execute'`, [paid]);
    const batchId = await world.queued(tokens(1));
    await openAll(batchId, stolen(blind(() => old?.authenticator ?? Buffer.alloc(32))));
    await world.sequence();
    expect(await pay(batchId)).toEqual({ kind: 'halted', halt: 'gates_missing' });
  });

  test('without an authenticator the database takes no gate', async () => {
    await expect(openAll(await world.queued(tokens(1)), stolen(blind(() => new Uint8Array())))).rejects.toThrow(/gate_authenticator/);
  });

  test('execute refuses to follow a gate that this API did not open', async () => {
    const batchId = await world.queued(tokens(1));
    await openAll(batchId, stolen(blind(() => randomBytes(32))), 'authorize');
    const executor = await world.person('executor');
    expect(codeOf(await world.tryGate(executor, 'execute', batchId, await world.challenge(executor, 'execute', batchId)))).toBe('gate_not_authentic');
    expect((await world.view(batchId))?.control.state).toBe('authorized');
  });

  test('a message in the outbox alone pays nothing', async () => {
    const batchId = await world.queued(tokens(1));
    await world.api().inTenant((stores) => stores.outbox.add({ batchId, message: 'gate_opened', gateId: batchId }));
    expect(await pay(batchId)).toEqual({ kind: 'halted', halt: 'not_executing' });
  });
});

describe('with three real gates', () => {
  const eventOf = (gate: Gate) => `(SELECT event_id FROM gate WHERE ${gateOf(gate)})`;
  type Change = { name: string; fault: string; sql: string; counted?: false };
  const cases: Change[] = [
    ...(['factor_id', 'event_id'] as const).map((column) => ({
      name: `another ${column}`,
      fault: 'approve: authenticator',
      sql: `UPDATE gate SET ${column} = (SELECT ${column} FROM gate WHERE batch_id = $1 AND gate = 'execute') WHERE ${gateOf('approve')}`,
    })),
    {
      name: 'another challenge',
      fault: 'approve: authenticator',
      sql: `WITH other AS (
          INSERT INTO challenge (tenant_id, id, batch_id, person_id, gate, content_version, digest, expires_at, used_at)
          SELECT tenant_id, gen_random_uuid(), batch_id, person_id, gate, content_version, digest, expires_at, used_at FROM challenge
          WHERE id = (SELECT challenge_id FROM gate WHERE ${gateOf('approve')}) RETURNING id)
        UPDATE gate SET challenge_id = (SELECT id FROM other) WHERE ${gateOf('approve')}`,
    },
    { name: 'another time step', fault: 'approve: authenticator', sql: `UPDATE gate SET time_step = 1 WHERE ${gateOf('approve')}`, counted: false },
    { name: 'another id', fault: 'approve: authenticator', sql: `UPDATE gate SET id = gen_random_uuid() WHERE ${gateOf('approve')}` },
    {
      name: 'another authenticator',
      fault: 'execute: authenticator',
      sql: `UPDATE gate SET authenticator = sha256(authenticator) WHERE ${gateOf('execute')}`,
      counted: false,
    },
    {
      name: 'a person who is an auditor now',
      fault: 'approve: person',
      sql: `UPDATE membership SET roles = '{auditor}' WHERE person_id = (SELECT person_id FROM gate WHERE ${gateOf('approve')})`,
      counted: false,
    },
    {
      name: 'a person to whom SQL gave one more role',
      fault: 'authorize: person',
      sql: `UPDATE membership SET roles = roles || '{viewer}' WHERE person_id = (SELECT person_id FROM gate WHERE ${gateOf('authorize')})`,
      counted: false,
    },
    {
      name: 'a person whose membership has the authenticator of somebody else',
      fault: 'execute: person',
      sql: `UPDATE membership m SET event_id = o.event_id, authenticator = o.authenticator FROM membership o
        WHERE m.person_id = (SELECT person_id FROM gate WHERE ${gateOf('execute')}) AND o.person_id = (SELECT person_id FROM gate WHERE ${gateOf('approve')})`,
      counted: false,
    },
    {
      name: 'a person who has left',
      fault: 'execute: person',
      sql: `UPDATE person SET disabled_at = now() WHERE id = (SELECT person_id FROM gate WHERE ${gateOf('execute')})`,
      counted: false,
    },
    {
      name: 'a preparer',
      fault: 'authorize: preparer',
      sql: `INSERT INTO batch_preparer (tenant_id, batch_id, person_id, deed) SELECT tenant_id, batch_id, person_id, 'edit' FROM gate WHERE ${gateOf('authorize')}`,
    },
    {
      name: 'a person who changed a destination a day before',
      fault: 'approve: preparer',
      sql: `UPDATE payee_destination SET created_by = (SELECT person_id FROM gate WHERE ${gateOf('approve')}) WHERE id IN (SELECT destination_id FROM payout_item WHERE batch_id = $1)`,
      counted: false,
    },
    {
      name: 'the factor of somebody else',
      fault: 'execute: factor',
      sql: `UPDATE factor SET person_id = (SELECT person_id FROM gate WHERE ${gateOf('approve')}) WHERE id = (SELECT factor_id FROM gate WHERE ${gateOf('execute')})`,
    },
    {
      name: 'a factor that never consumed the step',
      fault: 'execute: factor',
      sql: `UPDATE factor SET last_step = 1 WHERE id = (SELECT factor_id FROM gate WHERE ${gateOf('execute')})`,
    },
    {
      name: 'an event of another action',
      fault: 'approve: event',
      sql: `UPDATE audit_event SET action = 'gate.execute' WHERE id = ${eventOf('approve')}`,
    },
    {
      name: 'an event that was changed, with its hash',
      fault: 'approve: event',
      sql: `UPDATE audit_event SET request_id = 'other', leaf = sha256(leaf) WHERE id = ${eventOf('approve')}`,
    },
    {
      name: 'an event that was changed, without its hash',
      fault: 'approve: event',
      sql: `UPDATE audit_event SET request_id = 'other' WHERE id = ${eventOf('approve')}`,
      counted: false,
    },
    {
      name: 'another leaf in the tree',
      fault: 'approve: event',
      sql: `UPDATE audit_leaf SET leaf = sha256(leaf) WHERE event_id = ${eventOf('approve')}`,
    },
    { name: 'another hold', fault: 'authorize: hold', sql: `UPDATE hold SET amount = amount + 1 WHERE batch_id = $1` },
    { name: 'a hold of other content', fault: 'authorize: hold', sql: `UPDATE hold SET content_version = 2 WHERE batch_id = $1` },
  ];

  test.each(cases)('$name: nothing leaves, and people hear $fault', async ({ fault, sql, counted: isCounted = true }) => {
    const batchId = await world.executing(tokens(2));
    await asOwner([sql, [batchId]]);
    expect(await pay(batchId)).toEqual({ kind: 'halted', halt: 'gates_missing' });
    expect(await accepted(batchId)).toEqual([]);
    const raised = await exceptionOf(batchId);
    expect(raised?.kind).toBe('gates_forged');
    expect(raised?.detail).toMatchObject({ faults: expect.arrayContaining([fault]) });
    // Had it left all the same, the metric would say so, as far as SQL can see it.
    expect(await countedOnceSent(world, batchId)).toBe(isCounted ? 2 : 0);
  });

  test('a gate of before authenticators lets nothing pass', async () => {
    const batchId = await world.executing(tokens(1));
    await world.sql('ALTER TABLE gate DROP CONSTRAINT gate_authenticator');
    await asOwner([`UPDATE gate SET authenticator = NULL WHERE ${gateOf('approve')}`, [batchId]]);
    expect(await pay(batchId)).toEqual({ kind: 'halted', halt: 'gates_missing' });
    expect((await exceptionOf(batchId))?.detail).toEqual({ faults: ['approve: authenticator'] });
  });

  test('a person who gets their role back lets the batch go on', async () => {
    const batchId = await world.queued(tokens(2));
    const [approver] = (await world.openUpTo('execute', batchId)) as [Person];
    await world.sequence();
    await world.sql('UPDATE membership SET disabled_at = now() WHERE person_id = $1', [approver.id]);
    expect(await pay(batchId)).toEqual({ kind: 'halted', halt: 'gates_missing' });
    await world.sql('UPDATE membership SET disabled_at = NULL WHERE person_id = $1', [approver.id]);
    expect(await pay(batchId)).toEqual({ kind: 'paid', sent: 2 });
    expect(await accepted(batchId)).toHaveLength(2);
  });
});
