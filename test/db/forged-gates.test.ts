import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { GATES, type Gate } from '../../domain/gate.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { SeededBatch } from '../world/batches.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { type Attempts, openAttempts, type Statement } from './attempts.js';
import { type Forgery, forgedGate } from './forged-gate.js';

jest.setTimeout(120_000);

/** What the database asks of a gate by itself, whoever inserts it: each part forged alone, by the API's role. */

const { newId } = systemEntropy;

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let who: Person;
let batch: SeededBatch;

beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt } = attempts);
  who = await world.person('admin');
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});
beforeEach(async () => {
  batch = await world.batch();
});

const forge = (gate: Gate, over: Forgery = {}, person = who) => forgedGate(world, person, gate, batch, over);

describe('a gate that is inserted', () => {
  test('with all that SQL can know right, it is taken: the authenticator is what the worker asks for', async () => {
    for (const gate of GATES) expect(await attempt('api', ...forge(gate))).toBeNull();
  });

  test('its person holds the role for it, now and in this workspace', async () => {
    for (const [role, gate] of [
      ['auditor', 'execute'],
      ['preparer', 'approve'],
      ['approver', 'authorize'],
      ['executor', 'approve'],
    ] as const)
      expect(await attempt('api', ...forge(gate, {}, await world.person(role)))).toMatch(/holds its permission/);
    const elsewhere = await world.person('admin', [(await world.workspace()).tenantId]);
    expect(await attempt('api', ...forge('approve', {}, elsewhere))).toMatch(/holds its permission/);
    const left = await world.person('approver');
    expect(await attempt('api', ...forge('approve', {}, left))).toBeNull();
    await world.sql('UPDATE membership SET disabled_at = now() WHERE person_id = $1', [left.id]);
    expect(await attempt('api', ...forge('approve', {}, left))).toMatch(/holds its permission/);
    await world.sql('UPDATE membership SET disabled_at = NULL WHERE person_id = $1', [left.id]);
    await world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [left.id]);
    expect(await attempt('api', ...forge('approve', {}, left))).toMatch(/holds its permission/);
  });

  test('its person changed no destination of the batch in the last 24 hours, whatever moment the row names', async () => {
    const changer = await world.person('admin');
    batch = await world.batch({ payees: [await world.payee('Erika', changer)] });
    for (const gate of ['approve', 'authorize'] as const)
      expect(await attempt('api', ...forge(gate, {}, changer))).toMatch(/changed a destination of the batch lately/);
    expect(await attempt('api', ...forge('approve', { openedAt: `now() + interval '3 days'` }, changer))).toMatch(
      /changed a destination of the batch lately/,
    );
    expect(await attempt('api', ...forge('execute', {}, changer))).toBeNull();
    batch = await world.batch();
    expect(await attempt('api', ...forge('approve', {}, changer))).toBeNull();
  });

  test('its factor is its person’s, and gave a step of now that this transaction consumed', async () => {
    const other = await world.person('admin');
    const refused = /consumes a time step/;
    expect(await attempt('api', ...forge('approve', { factorId: newId() }))).toMatch(refused);
    expect(await attempt('api', ...forge('approve', { factorId: other.factorId }))).toMatch(refused);
    expect(await attempt('api', ...forge('approve', { timeStep: 1 }))).toMatch(refused);
    expect(await attempt('api', ...forge('approve', { timeStep: Math.floor(Date.now() / 30_000) + 4 }))).toMatch(refused);
    expect(await attempt('api', ...forge('approve', { lastStep: null }))).toMatch(refused);
    expect(await attempt('api', ...forge('approve', { lastStep: 5 }))).toMatch(refused);
    // A step that was consumed, but by another transaction: a sign-in, say.
    const spent = Math.floor(Date.now() / 30_000);
    await world.sql('UPDATE factor SET last_step = $2 WHERE id = $1', [other.factorId, spent]);
    expect(await attempt('api', ...forge('approve', { timeStep: spent, lastStep: null }, other))).toMatch(refused);
  });

  test('its challenge is neither cancelled nor expired', async () => {
    for (const over of [{ cancelled: 'now()' }, { expires: 'now()' }])
      expect(await attempt('api', ...forge('approve', over))).toMatch(/neither cancelled nor expired/);
  });

  test('it commits with its own event: its person’s, of this gate, challenge, factor and content', async () => {
    const refused = /commits with its own audit event/;
    const events: Exclude<Forgery['event'], undefined>[] = [
      null,
      { action: 'gate.execute' },
      { result: 'code_wrong' },
      { subject_id: newId() },
      { actor: { type: 'user', personId: newId() } },
      { actor: { type: 'system', process: 'api' } },
      { detail: { gate_id: newId() } },
      { detail: { challenge_id: newId() } },
      { detail: { factor_id: newId() } },
      { detail: { content_version: 2 } },
      { detail: { digest: '00' } },
    ];
    for (const event of events) expect(await attempt('api', ...forge('approve', { event }))).toMatch(refused);
    const [old] = await world.sql<{ id: string }>('SELECT id FROM audit_event LIMIT 1');
    expect(await attempt('api', ...forge('approve', { event: null, eventId: old?.id ?? '' }))).toMatch(refused);
  });

  test('it has an authenticator of 32 bytes', async () => {
    for (const authenticator of [null, Buffer.alloc(31)])
      expect(await attempt('api', ...forge('approve', { authenticator }))).toMatch(/gate_authenticator/);
  });
});

describe('a batch that begins to execute', () => {
  const begin = (): Statement => [`UPDATE batch_control SET state = 'executing', row_version = row_version + 1 WHERE batch_id = $1`, [batch.id]];

  test('still has the people of its gates', async () => {
    const [approver] = await world.openUpTo('authorize', batch.id);
    expect(await attempt('api', ...forge('execute'), begin())).toBeNull();
    await world.sql(`UPDATE membership SET roles = '{auditor}' WHERE person_id = $1`, [approver?.id]);
    expect(await attempt('api', ...forge('execute'), begin())).toMatch(/people of its three gates/);
  });

  test('has the hold of its content, placed by its authorize gate', async () => {
    const { tenantId, funding } = world.home;
    const authorizer = await world.person('authorizer');
    const approver = await world.person('approver');
    const move = (state: string): Statement => [
      `UPDATE batch_control SET state = $2, row_version = row_version + 1 WHERE batch_id = $1`,
      [batch.id, state],
    ];
    const authorizeEvent = newId();
    const gates: Statement[] = [
      ...forge('approve', {}, approver),
      move('approved'),
      ...forge('authorize', { eventId: authorizeEvent }, authorizer),
      move('authorized'),
      ...forge('execute'),
    ];
    const hold = (amount: bigint): Statement => [
      `INSERT INTO hold (tenant_id, id, batch_id, content_version, account_id, currency, amount, remaining) VALUES ($1, $2, $3, 1, $4, 'EUR', $5, $5)`,
      [tenantId, newId(), batch.id, funding, amount],
    ];
    const post = (amount: bigint, eventId: string): Statement => [
      `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, batch_id, event_id)
       VALUES ($1, $2, $3, $4, $5, 'EUR', 'hold', $6, $7)`,
      [tenantId, newId(), funding, world.home.held, amount, batch.id, eventId],
    ];
    const refused = /only with the hold of its content/;
    expect(await attempt('owner', ...gates, begin())).toMatch(refused);
    expect(await attempt('owner', ...gates, hold(batch.total), begin())).toMatch(refused);
    expect(await attempt('owner', ...gates, hold(batch.total), post(batch.total, newId()), begin())).toMatch(refused);
    expect(await attempt('owner', ...gates, hold(batch.total - 1n), post(batch.total - 1n, authorizeEvent), begin())).toMatch(refused);
    expect(await attempt('owner', ...gates, hold(batch.total), post(batch.total - 1n, authorizeEvent), begin())).toMatch(refused);
    expect(await attempt('owner', ...gates, hold(batch.total), post(batch.total, authorizeEvent), begin())).toBeNull();
  });
});
