import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { openWorld, type World } from '../world/open.js';

/** The part of migration 0008 that moves rows, run over exceptions as released versions wrote them. */

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 120_000);
afterAll(() => world?.close());

const moving = (): string => {
  const text = readFileSync('prisma/migrations/0008_doubt/migration.sql', 'utf8');
  return text.slice(text.indexOf('-- Exceptions of before'), text.indexOf('GRANT SELECT, INSERT ON exception_item'));
};

test('several open exceptions of a kind become one, with all ordinals that they named, each once; others stay as they are', async () => {
  const batch = await world.batch({ amounts: [100n, 200n, 300n, 400n] });
  const owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
  try {
    await owner.query('DROP INDEX exception_open_idx; ALTER TABLE exception ADD COLUMN ordinal int');
    await owner.query(`SELECT set_config('app.tenant_id', $1, false)`, [world.home.tenantId]);
    const raise = (kind: string, batchId: string | null, ordinal: number | null, detail: object, ago: number) =>
      owner.query(
        `INSERT INTO exception (tenant_id, id, kind, batch_id, ordinal, detail, created_at)
         VALUES ($1, gen_random_uuid(), $2, $3, $4, $5, now() - $6 * interval '1 hour')`,
        [world.home.tenantId, kind, batchId, ordinal, JSON.stringify(detail), ago],
      );
    await raise('evidence_never_sent', batch.id, null, { ordinals: [0, 1] }, 3);
    await raise('evidence_never_sent', batch.id, 2, { ordinals: [2, 1] }, 2);
    await raise('reversal_covered', batch.id, null, { covered: '5' }, 1);
    await raise('inbound_unreadable', null, null, { connection_id: world.home.connectionId }, 2);
    await raise('inbound_unreadable', null, null, { connection_id: world.home.connectionId }, 1);
    // As the owner outside every workspace, as a migration runs.
    await owner.query(`SELECT set_config('app.tenant_id', '', false)`);
    await owner.query(moving());
    await owner.query(`SELECT set_config('app.tenant_id', $1, false)`, [world.home.tenantId]);
    const { rows } = await owner.query(
      `SELECT kind, item_count, open_count, amount::int, open_amount::int, resolution FROM exception ORDER BY kind, created_at`,
    );
    const none = { item_count: 0, open_count: 0, amount: 0, open_amount: 0 };
    expect(rows).toEqual([
      { kind: 'evidence_never_sent', item_count: 3, open_count: 3, amount: 600, open_amount: 600, resolution: null },
      { kind: 'evidence_never_sent', ...none, resolution: 'joined' },
      { kind: 'inbound_unreadable', ...none, resolution: null },
      { kind: 'inbound_unreadable', ...none, resolution: 'joined' },
      { kind: 'reversal_covered', ...none, resolution: null },
    ]);
  } finally {
    await owner.end();
  }
});
