import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { personEventQueue } from '../../db/person-events.js';
import type { Actor } from '../../domain/actors.js';
import type { PersonEventQueue } from '../../operations/stores/person-events.js';
import { openWorld, type World } from '../world/open.js';
import type { Workspace } from '../world/workspaces.js';
import { openAttempts } from './attempts.js';

const API: Actor = { type: 'system', process: 'api' };

let world: World;
let other: Workspace;
let queue: PersonEventQueue;
beforeAll(async () => {
  world = await openWorld();
  other = await world.workspace();
  queue = personEventQueue(world.pool('api'));
});
afterAll(() => world?.close());
beforeEach(() => world.deliverPersonEvents());

const somebody = () => world.person('approver', [world.home.tenantId, other.tenantId]);
const add = (personId: string, detail: { n: number } = { n: 0 }) =>
  queue.add({ personId, action: 'session.create', result: 'invalid_credentials', detail, actor: API, requestId: `req_${detail.n}` });
const logOf = (tenantId: string, personId: string) =>
  world.sqlIn<{ request_id: string; result: string; actor: Actor; at: Date; n: number }>(
    tenantId,
    `SELECT request_id, result, actor, at, (detail ->> 'n')::int AS n FROM audit_event WHERE subject_type = 'person' AND subject_id = $1 ORDER BY subject_seq`,
    [personId],
  );

test('an event goes once into the log of each workspace of its person, with the time, actor and request of then', async () => {
  const person = await somebody();
  await add(person.id);
  const [row] = await world.sql<{ at: Date }>('SELECT at FROM person_event WHERE person_id = $1', [person.id]);
  expect(await queue.waiting()).toBe(1);
  await Promise.all(Array.from({ length: 8 }, () => queue.deliver()));
  await world.deliverPersonEvents();
  for (const { tenantId } of [world.home, other]) {
    const events = await logOf(tenantId, person.id);
    expect(events).toMatchObject([{ request_id: 'req_0', result: 'invalid_credentials', actor: API }]);
    expect(events[0]?.at).toEqual(row?.at);
  }
  expect(await queue.waiting()).toBe(0);
});

test('events of a person keep their order, however many processes deliver', async () => {
  const person = await somebody();
  for (let n = 0; n < 40; n++) await add(person.id, { n });
  while ((await queue.waiting()) > 0) await Promise.all(Array.from({ length: 4 }, () => queue.deliver()));
  for (const { tenantId } of [world.home, other])
    expect((await logOf(tenantId, person.id)).map(({ n }) => n)).toEqual(Array.from({ length: 40 }, (_, n) => n));
});

test('what a transaction wrote into its own log is not written there again, and what it did not commit nowhere', async () => {
  const person = await somebody();
  const event = { personId: person.id, action: 'person.change_password', result: 'ok', detail: {} };
  await world.as(person).inTenant(async (stores) => {
    await stores.personEvents.add(event);
    await stores.audit.append({ ...event, subject: { type: 'person', id: person.id } });
  });
  const undone = world.as(person).inTenant(async (stores) => {
    await stores.personEvents.add(event);
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  await world.deliverPersonEvents();
  expect(await logOf(world.home.tenantId, person.id)).toHaveLength(1);
  expect(await logOf(other.tenantId, person.id)).toHaveLength(1);
});

test('an event of nobody, and one of a person who has left, end without a log', async () => {
  const person = await somebody();
  await world.sqlIn(other.tenantId, 'UPDATE membership SET disabled_at = now() WHERE tenant_id = $1 AND person_id = $2', [other.tenantId, person.id]);
  await add(world.services.entropy.newId());
  await add(person.id);
  await world.deliverPersonEvents();
  expect([(await logOf(world.home.tenantId, person.id)).length, (await logOf(other.tenantId, person.id)).length]).toEqual([1, 0]);
  expect(await queue.waiting()).toBe(0);
});

test('no process reads or deletes the queue, and an event that a log of its person lacks is not taken out of it', async () => {
  const person = await somebody();
  await add(person.id);
  const [row] = await world.sql<{ id: string }>('SELECT id FROM person_event WHERE person_id = $1', [person.id]);
  const attempts = await openAttempts(world);
  try {
    for (const read of ['SELECT 1 FROM person_event', 'DELETE FROM person_event', `UPDATE person_event SET result = 'ok'`])
      expect(await attempts.attempt('api', [read])).toMatch(/permission denied/);
    for (const role of ['worker', 'relay', 'sequencer'] as const)
      for (const call of ['sluice_next_person_events(9)', `sluice_person_event_delivered('${row?.id}')`, 'sluice_person_events_waiting()'])
        expect(await attempts.attempt(role, [`SELECT 1 FROM ${call}`])).toMatch(/permission denied/);
  } finally {
    await attempts.close();
  }
  const take = () => world.pool('api').sql.row<{ taken: boolean }>('function')`SELECT sluice_person_event_delivered(${row?.id}::uuid) AS taken`;
  expect(await take()).toEqual({ taken: false });
  expect(await queue.waiting()).toBe(1);
  await world.deliverPersonEvents();
  expect(await queue.waiting()).toBe(0);
  expect(await take()).toEqual({ taken: false });
});

test('a delivery that fails keeps its events, and writes into no log', async () => {
  const person = await somebody();
  await add(person.id);
  // The log of the second workspace cannot be written.
  await world.sql(`ALTER TABLE audit_head ADD CONSTRAINT closed CHECK (tenant_id <> '${other.tenantId}') NOT VALID`);
  await expect(queue.deliver()).rejects.toThrow(/closed/);
  await world.sql('ALTER TABLE audit_head DROP CONSTRAINT closed');
  expect([(await logOf(world.home.tenantId, person.id)).length, await queue.waiting()]).toEqual([0, 1]);
  await world.deliverPersonEvents();
  expect([(await logOf(world.home.tenantId, person.id)).length, (await logOf(other.tenantId, person.id)).length]).toEqual([1, 1]);
});
