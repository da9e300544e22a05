import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import pg from 'pg';
import type { Gate } from '../../domain/gate.js';
import { payChunk } from '../../operations/chunk/pay.js';
import type { PayingWorld } from '../world/paying.js';

/** What tests of forged gates do: change rows behind everybody's back, and see whether anything leaves. */

const quiet = () => {};

export const payIn = (world: PayingWorld, batchId: string) => payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
export const acceptedOf = async (world: PayingWorld, batchId: string) =>
  (await world.provider.payments()).filter(({ idempotency_key }) => idempotency_key.includes(batchId.replaceAll('-', '')));
export const openExceptionOf = async (world: PayingWorld, batchId: string) =>
  (await world.worker().inTenant((stores) => stores.exceptions.openOf(batchId)))[0];

/** Of the batch `$1`. */
export const gateOf = (gate: Gate): string => `batch_id = $1 AND gate = '${gate}'`;

/** What the function that the API's probe reads counts as sent without a second factor. */
export const sentWithoutFactor = async (world: PayingWorld): Promise<number> => {
  const api = new pg.Client({ connectionString: world.database.urls.api });
  await api.connect();
  try {
    return Number((await api.query<{ n: string }>('SELECT sluice_released_without_second_factor() AS n')).rows[0]?.n);
  } finally {
    await api.end();
  }
};

/** How many payments more it counts, when two of the batch have left all the same. */
export const countedOnceSent = async (world: PayingWorld, batchId: string): Promise<number> => {
  const earlier = await sentWithoutFactor(world);
  await world.sql(
    `INSERT INTO dispatch (tenant_id, batch_id, chunk, attempt, purpose, first_ordinal, end_ordinal, connection_id, renderer_version, artefact_hash, sent_from, lease_until, item_count)
     VALUES ($1, $2, 0, 1, 'first', 0, 2, $3, 1, $4, now(), now(), 2)`,
    [world.home.tenantId, batchId, world.home.connectionId, randomBytes(32)],
  );
  return (await sentWithoutFactor(world)) - earlier;
};

export type OwnerStatement = [sql: string, values: unknown[]];

/** The owner changes what nobody may, with triggers, checks and foreign keys out of the way. */
export const changeAsOwner = async (world: PayingWorld, ...statements: OwnerStatement[]): Promise<void> => {
  const owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
  try {
    await owner.query('BEGIN');
    await owner.query(`SELECT set_config('app.tenant_id', $1, true)`, [world.home.tenantId]);
    for (const table of TABLES) await owner.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    for (const [sql, values] of statements) expect((await owner.query(sql, values)).rowCount).toBeGreaterThan(0);
    for (const table of TABLES) await owner.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
    await owner.query('COMMIT');
  } finally {
    await owner.end();
  }
};
const TABLES = ['gate', 'factor', 'challenge', 'audit_event', 'audit_leaf', 'hold'] as const;
