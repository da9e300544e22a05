import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { toItemId } from '../../domain/ids.js';
import { covers } from '../../domain/item/coverage.js';
import { settleEvidence } from '../../operations/settlement/settle.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';

/** The part of migration 0005 that moves rows, run over a batch that a released version was paying. */

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 120_000);
afterAll(() => world?.close());

const moving = (): string => {
  const text = readFileSync('prisma/migrations/0005_dispatch/migration.sql', 'utf8');
  return text.slice(text.indexOf('-- Attempts of before'), text.indexOf('ALTER TABLE dispatch ALTER COLUMN purpose DROP DEFAULT'));
};

test('attempts of a released version become dispatches that cover what they sent, and what they sent is settled as before', async () => {
  const { tenantId, connectionId } = world.home;
  const batch = await world.batch({ amounts: [1n, 2n, 4n, 8n, 16n] });
  await world.openUpTo('execute', batch.id);
  const owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
  try {
    await owner.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId]);
    await owner.query(`ALTER TABLE dispatch DISABLE TRIGGER dispatch_leaves, DROP CONSTRAINT dispatch_range, DROP CONSTRAINT dispatch_times,
      ALTER COLUMN first_ordinal DROP NOT NULL, ALTER COLUMN end_ordinal DROP NOT NULL, ALTER COLUMN sent_from DROP NOT NULL, ALTER COLUMN purpose SET DEFAULT 'first'`);
    // A first attempt sent 0, 1, 3 and 4, while 2 was blocked; the second sent 3 again. Each item carries its newest attempt.
    for (const [attempt, count] of [
      [1, 4],
      [2, 1],
    ])
      await owner.query(
        `INSERT INTO dispatch (tenant_id, batch_id, chunk, attempt, connection_id, renderer_version, artefact_hash, lease_until, item_count)
         VALUES ($1, $2, 0, $3, $4, 1, $5, now(), $6)`,
        [tenantId, batch.id, attempt, connectionId, Buffer.from(systemEntropy.bytes(32)), count],
      );
    await owner.query(
      `UPDATE payout_item SET state = 'submitting', version = 1, attempt = CASE ordinal WHEN 3 THEN 2 ELSE 1 END WHERE batch_id = $1 AND ordinal <> 2`,
      [batch.id],
    );
    await owner.query(`UPDATE payout_item SET state = 'blocked', version = 1 WHERE batch_id = $1 AND ordinal = 2`, [batch.id]);
    await owner.query(`SELECT set_config('app.tenant_id', '', false)`);
    await owner.query(moving());
  } finally {
    await owner.end();
  }

  const dispatches = await world.worker().inTenant((stores) => stores.dispatches.ofChunks(batch.id, [0]));
  const covered = dispatches.map((one) => [0, 1, 2, 3, 4].filter((ordinal) => covers(one, ordinal)));
  expect(covered).toEqual([[0, 1, 3, 4], [3]]);
  expect(dispatches.map(({ purpose, sentFrom }) => [purpose, sentFrom])).toEqual(
    dispatches.map(({ createdAt }, i) => [i === 0 ? 'first' : 'resend', createdAt]),
  );
  const shown = await world.worker().inTenant((stores) => stores.items.range(batch.id, 0, 5));
  expect(shown.map(({ state, attempt }) => [state, attempt])).toEqual([
    ['submitting', 1],
    ['submitting', 1],
    ['blocked', 0],
    ['submitting', 2],
    ['submitting', 1],
  ]);

  const outcomes = [0, 3].map((ordinal) => ({
    ...{ key: toItemId(batch.id, ordinal), outcome: 'paid' as const, rank: 1, providerReference: `pay_${ordinal}` },
    ...{ reason: null, amount: null, currency: null },
  }));
  expect(await settleEvidence(world.worker(), { batchId: batch.id, connectionId, source: 'lookup', outcomes })).toMatchObject({ moved: 2 });
  const paid = await world.sql(`SELECT ordinal, version FROM payout_item WHERE batch_id = $1 AND state = 'paid' ORDER BY 1`, [batch.id]);
  expect(paid).toEqual([
    { ordinal: 0, version: 2 },
    { ordinal: 3, version: 2 },
  ]);
});
