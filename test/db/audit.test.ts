import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { auditLeaf, FIRST_PREVIOUS } from '../../domain/audit/event.js';
import { ROLES } from '../../domain/permissions.js';
import { sha256 } from '../../vault/sha256.js';
import { openWorld, type World } from '../world/open.js';

let world: World;
beforeAll(async () => {
  world = await openWorld({ funds: 0n });
});
afterAll(() => world.close());

test('an event keeps actor, tenant, action, result and request, and hashes to its leaf [S3-20] [S1-19]', async () => {
  const { tenantId } = await world.workspace();
  const actor = { type: 'user', personId: randomUUID(), sessionId: randomUUID(), roles: ['approver'], permissions: ROLES.approver } as const;
  const ctx = world.as(actor, { tenantId });
  const subject = { type: 'batch', id: randomUUID() } as const;
  const detail = { count: 3, ratio: 0.1, large: 1e300, text: 'é 漢 "quoted"', nothing: null, list: [1, { deep: true }] };
  const id = await ctx.inTenant((stores) => stores.audit.append({ subject, action: 'gate.approve', result: 'code_wrong', detail }));
  const event = await ctx.inTenant((stores) => stores.audit.get(id));
  // The names of roles are kept, and not what they allow.
  const { permissions: _, ...recorded } = actor;
  expect(event?.actor).toEqual(recorded);
  expect(event).toMatchObject({
    id,
    tenantId,
    action: 'gate.approve',
    result: 'code_wrong',
    requestId: ctx.requestId,
    subject,
    detail,
    subjectSeq: 1,
  });
  expect(event?.previous).toBe(FIRST_PREVIOUS);
  expect(event && auditLeaf(sha256, event)).toBe(event?.leaf);
});

test('events of one subject form a chain without gaps, also when many write at once [S1-17]', async () => {
  const { tenantId } = await world.workspace();
  const batch = randomUUID();
  await Promise.all(Array.from({ length: 40 }, (_, n) => world.writeEvent(tenantId, batch, { n })));
  const { rows } = await world.api(tenantId).inTenant((stores) => stores.audit.list({ limit: 100, subjectId: batch }));
  const chain = [...rows].sort((a, b) => a.subjectSeq - b.subjectSeq);
  expect(chain.map((event) => event.subjectSeq)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  expect(chain.map((event) => event.previous)).toEqual([FIRST_PREVIOUS, ...chain.slice(0, -1).map((event) => event.leaf)]);
});

test('a transaction that throws leaves neither event nor gap', async () => {
  const { tenantId } = await world.workspace();
  const batch = randomUUID();
  const subject = { type: 'batch', id: batch } as const;
  await world.writeEvent(tenantId, batch);
  const broken = world.api(tenantId).inTenant(async (stores) => {
    await stores.audit.append({ subject, action: 'batch.submit', result: 'ok', detail: {} });
    throw new Error('on purpose');
  });
  await expect(broken).rejects.toThrow('on purpose');
  await world.writeEvent(tenantId, batch);
  const { rows } = await world.api(tenantId).inTenant((stores) => stores.audit.list({ limit: 10 }));
  expect(rows.map((event) => [event.action, event.subjectSeq])).toEqual([
    ['batch.create', 2],
    ['batch.create', 1],
  ]);
});

test('one tenant never sees the events of another [S1-01]', async () => {
  const [mine, other] = [(await world.workspace()).tenantId, (await world.workspace()).tenantId];
  const id = await world.writeEvent(other, randomUUID());
  const seen = await world
    .api(mine)
    .inTenant(async ({ audit }) => [await audit.get(id), (await audit.list({ limit: 10 })).rows, await audit.unsequenced()]);
  expect(seen).toEqual([null, [], []]);
});

test.each(['UPDATE audit_event SET result = $1', 'DELETE FROM audit_event WHERE result <> $1', 'TRUNCATE audit_event'])(
  'the owner of the tables is refused: %s [S3-22] [S1-17]',
  async (statement) => {
    const { tenantId } = await world.workspace();
    await world.writeEvent(tenantId, randomUUID());
    await expect(world.sql(statement, statement.includes('$1') ? ['forged'] : [], tenantId)).rejects.toThrow('append-only');
  },
);

test('no role but the sequencer places leaves, and it places nothing else [S3-22]', async () => {
  const rights = await world.sql<{ role: string; table: string }>(
    `SELECT r AS role, t AS table FROM unnest(ARRAY['sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer']) r,
       unnest(ARRAY['audit_leaf', 'audit_tree', 'audit_checkpoint', 'audit_event', 'audit_head']) t
     WHERE has_table_privilege(r, t, 'INSERT') OR has_any_column_privilege(r, t, 'UPDATE') OR has_table_privilege(r, t, 'DELETE') ORDER BY 1, 2`,
  );
  expect(rights.map(({ role, table }) => `${role} ${table}`)).toEqual([
    'sluice_api audit_event',
    'sluice_api audit_head',
    'sluice_sequencer audit_checkpoint',
    'sluice_sequencer audit_leaf',
    'sluice_sequencer audit_tree',
    'sluice_worker audit_event',
    'sluice_worker audit_head',
  ]);
});

test('a batch waits for its leaf while an event of it or of one of its chunks does, whatever else waits', async () => {
  const { tenantId } = await world.workspace();
  const [batch, other] = [randomUUID(), randomUUID()];
  const waits = (id: string) => world.api(tenantId).inTenant(({ audit }) => audit.hasUnsequenced(id));
  const chunkEvent = (id: string) =>
    world.api(tenantId).inTenant(({ audit }) => audit.append({ subject: { type: 'chunk', id }, action: 'chunk.settle', result: 'ok', detail: {} }));
  await world.writeEvent(tenantId, other);
  await chunkEvent(`${other}/0`);
  expect(await waits(batch)).toBe(false);
  await world.writeEvent(tenantId, batch);
  expect(await waits(batch)).toBe(true);
  await world.newSequencer().pass('own_heads');
  expect([await waits(batch), await waits(other)]).toEqual([false, false]);
  await chunkEvent(`${batch}/3`);
  expect([await waits(batch), await waits(other)]).toEqual([true, false]);
});
