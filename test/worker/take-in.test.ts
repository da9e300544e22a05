import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBatchCsv } from '../../contracts/batches.js';
import { receiveCsv } from '../../operations/intake/receive-csv.js';
import { until } from '../harness/until.js';
import { spooled } from '../world/intake.js';
import { openTemporalWorld, type TemporalWorld } from '../world/temporal.js';
import { made, uuidOf } from '../world/wire.js';
import { keepHistory } from './keep-history.js';

let world: TemporalWorld;
beforeAll(async () => {
  world = await openTemporalWorld();
  await world.start();
}, 180_000);
afterAll(() => world?.close(), 60_000);

const row = (i: number, amount = '1.25') => `in-${i},Payee ${i},DE,plain_${i.toString(36).padStart(6, '0')}_00,${amount},payout ${i}`;
const file = (rows: string[]) => ['payee_reference,payee_name,country,account_token,amount,reference', ...rows, ''].join('\n');
const send = async (text: string) => {
  const query = createBatchCsv.parse({ currency: 'EUR', rail: 'sandbox' });
  return uuidOf(made(await receiveCsv(world.as(world.preparer), query, spooled(text), { respondAsync: true })).id);
};

test('a file is taken in by a run, across a killed worker, and no row is stored twice', async () => {
  const COUNT = 12_000;
  const batchId = await send(file(Array.from({ length: COUNT }, (_, i) => row(i))));
  await until('some rows to be stored', async () => ((await world.view(batchId))?.upload?.rowsStored ?? 0) > 0 || undefined);
  await world.end('SIGKILL');
  const left = await world.view(batchId);
  expect(left?.control.state).toBe('receiving');
  await world.start();
  const view = await world.reaches(batchId, 'queued');
  expect(view.content).toMatchObject({ size: COUNT, count: COUNT, total: BigInt(COUNT) * 125n });
  expect(
    await world.sql('SELECT count(*)::int AS items, count(DISTINCT payee_id)::int AS payees FROM payout_item WHERE batch_id = $1', [batchId]),
  ).toEqual([{ items: COUNT, payees: COUNT }]);
  expect(await world.broken()).toEqual([]);
}, 180_000);

test('a file with an error ends its run with the batch refused', async () => {
  const batchId = await send(file([row(1), row(2, '1.005')]));
  const view = await world.reaches(batchId, 'refused');
  expect(view.upload?.refusal?.errors).toMatchObject([{ row: 3, field: 'amount' }]);
  expect(await world.handle(batchId).result()).toEqual({ state: 'refused' });
  await keepHistory('refused-file', world.handle(batchId), world.codec);
}, 90_000);
