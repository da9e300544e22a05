import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { GATES } from '../../domain/gate.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';

jest.setTimeout(120_000);

let world: World;
let who: Person;
beforeAll(async () => {
  world = await openWorld();
  who = await world.person('approver');
});
afterAll(() => world?.close());

const ours = () => world.api();
const theirs = async () => {
  const { tenantId } = await world.workspace();
  return world.api(tenantId);
};

test('challenges and gates of one workspace are not there for another [S1-02]', async () => {
  const { id } = await world.batch();
  await world.openUpTo('approve', id);
  const challenge = await world.challenge(who, 'approve', (await world.batch()).id);
  const foreign = await theirs();
  await foreign.inTenant(async (stores) => {
    expect(await stores.challenges.lock(challenge)).toBeNull();
    expect(await stores.gates.open(id, 1)).toEqual([]);
    expect(await stores.gates.all(id)).toEqual([]);
    await stores.challenges.cancelOpen(id);
  });
  await expect(foreign.inTenant((stores) => stores.challenges.markUsed(challenge))).rejects.toThrow(/no longer open/);
  await ours().inTenant(async (stores) => {
    expect(await stores.challenges.lock(challenge)).toMatchObject({ personId: who.id, gate: 'approve', usedAt: null, cancelledAt: null });
    expect(await stores.gates.all(id)).toMatchObject([{ gate: 'approve', contentVersion: 1 }]);
    expect(await stores.gates.open(id, 1)).toEqual(await stores.gates.all(id));
  });
});

test('cancelOpen takes every open challenge of the batch and leaves used ones', async () => {
  const { id } = await world.batch();
  const [first, second] = [await world.challenge(who, 'approve', id), await world.challenge(who, 'approve', id)];
  await ours().inTenant(async (stores) => {
    await stores.challenges.markUsed(first);
    await stores.challenges.cancelOpen(id);
    expect(await stores.challenges.lock(first)).toMatchObject({ cancelledAt: null });
    expect((await stores.challenges.lock(second))?.cancelledAt).toEqual(stores.now);
  });
  await expect(ours().inTenant((stores) => stores.challenges.markUsed(second))).rejects.toThrow(/no longer open/);
});

test('gates are published when each of them is below a published size', async () => {
  const { id } = await world.batch();
  await world.openUpTo('execute', id);
  const { tenantId } = world.home;
  const published = async () => (await world.worker().inTenant((stores) => stores.gates.standing(id))).map((standing) => standing.published);
  const gates = await world.sql<{ event_id: string }>('SELECT event_id FROM gate WHERE batch_id = $1 ORDER BY opened_at', [id]);
  expect(await published()).toEqual([false, false, false]);
  for (const [index, { event_id }] of gates.entries())
    await world.sql('INSERT INTO audit_leaf (tenant_id, index, event_id, leaf) VALUES ($1, $2, $3, $4)', [
      tenantId,
      index,
      event_id,
      randomBytes(32),
    ]);
  expect(await published()).toEqual([false, false, false]);
  const checkpoint = (size: number, at: Date | null) =>
    world.sql(`INSERT INTO audit_checkpoint (tenant_id, size, root, note, published_at) VALUES ($1, $2, $3, '', $4)`, [
      tenantId,
      size,
      randomBytes(32),
      at,
    ]);
  await checkpoint(2, new Date());
  expect(await published()).toEqual([true, true, false]);
  await checkpoint(3, null);
  expect(await published()).toEqual([true, true, false]);
  await world.sql('UPDATE audit_checkpoint SET published_at = now() WHERE tenant_id = $1 AND size = 3', [tenantId]);
  expect(await published()).toEqual([true, true, true]);
  await world.sql('UPDATE batch_control SET content_version = 2, row_version = row_version + 1 WHERE batch_id = $1', [id]);
  expect(await published()).toEqual([]);
});

test('a gate stands with what the database knows of its person, factor, event and hold', async () => {
  const { id, total } = await world.batch();
  const people = await world.openUpTo('execute', id);
  const read = () => world.worker().inTenant((stores) => stores.gates.standing(id));
  const standing = await read();
  expect(standing.map(({ gate, permitted, prepared, hold }) => [gate.gate, gate.personId, permitted, prepared, hold?.amount])).toEqual(
    people.map((person, i) => [GATES[i], person.id, true, false, total]),
  );
  for (const { gate, lastStep, event } of standing) {
    expect(lastStep).toBe(gate.timeStep);
    expect(event).toEqual(await world.worker().inTenant((stores) => stores.audit.get(gate.eventId)));
  }
  // Once a payment left, nobody asks again who changed destinations before: the answer is what it was.
  const [approver] = people;
  await world.sql('UPDATE payee_destination SET created_by = $2 WHERE id IN (SELECT destination_id FROM payout_item WHERE batch_id = $1)', [
    id,
    approver?.id,
  ]);
  expect((await read()).map(({ prepared }) => prepared)).toEqual([true, false, false]);
  await send(id);
  expect((await read()).map(({ prepared }) => prepared)).toEqual([false, false, false]);
  const foreign = world.worker({}, (await world.workspace()).tenantId);
  expect(await foreign.inTenant((stores) => stores.gates.standing(id))).toEqual([]);
});

const send = (batchId: string, { sql, home } = world) =>
  sql(
    `INSERT INTO dispatch (tenant_id, batch_id, chunk, attempt, purpose, first_ordinal, end_ordinal, connection_id, renderer_version, artefact_hash, sent_from, lease_until, item_count)
     VALUES ($1, $2, 0, 1, 'first', 0, 2, $3, 1, $4, now(), now(), 2)`,
    [home.tenantId, batchId, home.connectionId, randomBytes(32)],
  );

test('items sent without three second factors are counted from the books: none of a batch with three gates, all of any other [S3-10]', async () => {
  const own = await openWorld();
  const api = new pg.Client({ connectionString: own.database.urls.api });
  await api.connect();
  try {
    const counted = async () => (await api.query<{ n: string }>('SELECT sluice_released_without_second_factor() AS n')).rows[0]?.n;
    const [right, wrong] = [await own.batch(), await own.batch()];
    await own.openUpTo('execute', right.id);
    await own.openUpTo('authorize', wrong.id);
    await send(right.id, own);
    expect(await counted()).toBe('2');
    await own.sequence();
    expect(await counted()).toBe('0');
    await expect(send(wrong.id, own)).rejects.toThrow(/only an executing batch/);
    await own.sql('ALTER TABLE dispatch DISABLE TRIGGER dispatch_leaves');
    await send(wrong.id, own);
    expect(await counted()).toBe('2');
  } finally {
    await api.end();
    await own.close();
  }
});
