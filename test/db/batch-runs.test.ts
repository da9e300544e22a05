import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openRelayStore } from '../../db/relay.js';
import { openWorld, type World } from '../world/open.js';

let world: World;
let relay: ReturnType<typeof openRelayStore>;
beforeAll(async () => {
  world = await openWorld();
  relay = openRelayStore(world.database.urls.relay);
});
afterAll(async () => {
  await relay?.close();
  await world?.close();
});

const NO_PATIENCE_MS = 0;
const HOUR_MS = 3_600_000;

const queued = async () => ({ tenantId: world.home.tenantId, batchId: (await world.batch({ amounts: [1n] })).id });
type Place = Awaited<ReturnType<typeof queued>>;

const driven = (place: Place, comesBackMs: number | null) => world.worker().inTenant(({ batchRuns }) => batchRuns.driven(place.batchId, comesBackMs));
const isStalled = async (place: Place, patienceMs = NO_PATIENCE_MS) =>
  (await relay.stalled(patienceMs)).some(({ tenantId, batchId }) => tenantId === place.tenantId && batchId === place.batchId);

test('a batch that waits for people has not stalled, and one that nobody woke or drove yet has not either', async () => {
  const place = await queued();
  expect(await isStalled(place)).toBe(false);
  await driven(place, null);
  expect(await isStalled(place)).toBe(false);
  await driven(place, HOUR_MS);
  expect(await isStalled(place)).toBe(false);
});

test('one that was due has stalled, until it is driven', async () => {
  const place = await queued();
  await driven(place, 0);
  expect(await isStalled(place)).toBe(true);
  expect(await isStalled(place, HOUR_MS)).toBe(false);
  await driven(place, HOUR_MS);
  expect(await isStalled(place)).toBe(false);
});

test('one that was woken has stalled, until it is driven; what drove it before does not count', async () => {
  const place = await queued();
  await driven(place, null);
  expect(await relay.waking([place])).toEqual([place]);
  expect(await isStalled(place)).toBe(true);
  expect(await isStalled(place, HOUR_MS)).toBe(false);
  await driven(place, null);
  expect(await isStalled(place)).toBe(false);
});

test('one that has ended is neither to be driven nor stalled, and of another workspace nothing is noted', async () => {
  const [place, foreign] = [await queued(), await world.workspace()];
  await driven(place, 0);
  await world.sql(`UPDATE batch_control SET state = 'rejected', row_version = row_version + 1 WHERE batch_id = $1`, [place.batchId]);
  expect([await isStalled(place), await relay.waking([place])]).toEqual([false, []]);
  const moved = { tenantId: foreign.tenantId, batchId: (await queued()).batchId };
  expect(await relay.waking([moved])).toEqual([]);
  await world.worker({}, foreign.tenantId).inTenant(({ batchRuns }) => batchRuns.driven(moved.batchId, 0));
  expect(await isStalled({ ...moved, tenantId: world.home.tenantId })).toBe(false);
});
