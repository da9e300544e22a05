import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { systemEntropy } from '../../vault/entropy.js';
import type { SeededBatch } from '../world/batches.js';
import { openWorld, type World } from '../world/open.js';
import { dispatch } from '../world/sent.js';
import { type Attempts, openAttempts } from './attempts.js';

jest.setTimeout(120_000);

/** Attacks the rights of each process role with raw SQL (R18). */

const { newId } = systemEntropy;

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let transfer: Attempts['transfer'];

beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt, transfer } = attempts);
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

describe('who may write what [S3-06]', () => {
  let batch: SeededBatch;
  let item: string;
  beforeAll(async () => {
    batch = await world.batch();
    await world.openUpTo('execute', batch.id);
    item = `(tenant_id, batch_id, ordinal, payee_id, destination_id, reference, remittance, amount, leaf, state)
      SELECT tenant_id, batch_id, ordinal + 10, payee_id, destination_id, reference, remittance, amount, leaf`;
  });

  const MONEY = 'UPDATE payout_item SET state =';
  test('the API neither sends nor settles nor completes [S3-06]', async () => {
    const from = `FROM payout_item WHERE batch_id = '${batch.id}'`;
    expect(await attempt('api', [`INSERT INTO payout_item ${item}, 'pending' ${from}`])).toBeNull();
    for (const state of ['submitting', 'submitted', 'unknown', 'paid', 'failed', 'returned', 'blocked']) {
      expect(await attempt('api', [`INSERT INTO payout_item ${item}, '${state}' ${from}`])).toMatch(/row-level security/);
      expect(await attempt('api', [`${MONEY} '${state}' WHERE batch_id = $1`, [batch.id]])).toMatch(/permission denied/);
    }
    for (const state of ['completed', 'failed'])
      expect(
        await attempt('api', [`UPDATE batch_control SET state = '${state}', row_version = row_version + 1 WHERE batch_id = $1`, [batch.id]]),
      ).toMatch(/row-level security/);
    for (const kind of ['settlement', 'return', 'reversal', 'cover'])
      expect(await attempt('api', transfer(world.home.held, world.home.funding, 1n, kind))).toMatch(/row-level security/);
    for (const column of [
      'open',
      'cancelled',
      'excluded',
      'paid',
      'paid_amount',
      'failed',
      'returned',
      'submitted',
      'unknown',
      'blocked',
      'was_unknown',
    ])
      expect(await attempt('api', [`UPDATE batch_counter SET ${column} = 1`])).toMatch(/permission denied/);
    for (const column of ['amount', 'payee_id', 'destination_id', 'ordinal', 'rank', 'attempt', 'provider_reference'])
      expect(await attempt('api', [`UPDATE payout_item SET ${column} = ${column}`])).toMatch(/permission denied/);
    expect(await attempt('api', ['INSERT INTO dispatch DEFAULT VALUES'])).toMatch(/permission denied/);
  });

  test('the API posts sandbox money alone, and none on live [S3-06]', async () => {
    const { tenantId, funding, held } = world.home;
    const paidOut = newId();
    await world.sql(`INSERT INTO account (tenant_id, id, kind, currency, name) VALUES ($1, $2, 'paid_out', 'EUR', 'elsewhere')`, [tenantId, paidOut]);
    await world.sql(...transfer(held, paidOut, 1n, 'settlement'));
    for (const [from, to, kind] of [
      [held, funding, 'release'],
      [held, funding, 'void'],
      [funding, held, 'hold'],
      [paidOut, funding, 'release'],
      [paidOut, funding, 'top_up'],
    ] as const)
      expect(await attempt('api', transfer(from, to, 1n, kind))).toMatch(/row-level security/);
    const [external] = await world.sql<{ id: string }>(`SELECT id FROM account WHERE kind = 'external'`);
    const topUp = transfer(external?.id ?? '', funding, 1n, 'top_up');
    expect(await attempt('api', topUp)).toBeNull();
    await world.sql(`UPDATE workspace SET mode = 'live'`);
    expect(await attempt('api', topUp)).toMatch(/row-level security/);
    await world.sql(`UPDATE workspace SET mode = 'test'`);
  });

  test('the API records no step of an item, and changes none but by withdrawing what was never sent [S3-06]', async () => {
    for (const table of ['item_transition', 'transition_block', 'hold'])
      expect(await attempt('api', [`INSERT INTO ${table} DEFAULT VALUES`])).toMatch(/permission denied/);
    expect(await attempt('api', [`UPDATE hold SET remaining = 0`])).toMatch(/permission denied/);
    await dispatch(world, batch.id, [0]);
    expect(await attempt('api', [`SELECT sluice_move_items($1, ARRAY[$1::uuid], ARRAY['[]'], 1, 1)`, [batch.id]])).toMatch(/permission denied/);
    const withdrawn = await world.api().inTenant((stores) => stores.items.withdraw(batch.id, newId(), 'all'));
    expect(withdrawn?.count).toBe(batch.count - 1);
  });

  test('the worker opens no gate, makes no batch, payee or hold, and raises no money [S3-06]', async () => {
    for (const table of [
      'gate',
      'challenge',
      'payout_batch',
      'batch_control',
      'batch_preparer',
      'hold',
      'account',
      'session',
      'api_key',
      'membership',
      'idempotency_key',
      'audit_leaf',
    ])
      expect(await attempt('worker', [`INSERT INTO ${table} DEFAULT VALUES`])).toMatch(/permission denied/);
    // It may write these for a file that the API has handed over, and there is none.
    for (const table of ['batch_content', 'batch_chunk', 'batch_facts', 'payout_item'])
      expect(await attempt('worker', [`INSERT INTO ${table} (tenant_id, batch_id) VALUES ($1, $2)`, [world.home.tenantId, batch.id]])).toMatch(
        /"worker_takes_in"/,
      );
    for (const table of ['payee', 'payee_destination', 'subject_key'])
      expect(await attempt('worker', [`INSERT INTO ${table} (tenant_id) VALUES ($1)`, [world.home.tenantId]])).toMatch(/"worker_takes_in"/);
    for (const kind of ['top_up', 'hold', 'settlement', 'void', 'return', 'reversal', 'cover', 'release'])
      expect(await attempt('worker', transfer(world.home.funding, world.home.held, 1n, kind))).toMatch(/permission denied/);
    for (const column of ['open', 'paid', 'paid_amount', 'cancelled', 'excluded'])
      expect(await attempt('worker', [`UPDATE batch_counter SET ${column} = ${column}`])).toMatch(/permission denied/);
    for (const column of ['state', 'rank', 'version', 'attempt', 'reason', 'provider_reference'])
      expect(await attempt('worker', [`UPDATE payout_item SET ${column} = ${column}`])).toMatch(/permission denied/);
    for (const state of ['draft', 'queued', 'approved', 'authorized', 'rejected'])
      expect(
        await attempt('worker', [`UPDATE batch_control SET state = '${state}', row_version = row_version + 1 WHERE batch_id = $1`, [batch.id]]),
      ).toMatch(/does not go from|row-level security/);
    for (const column of ['content_version', 'paused_at', 'cancelling_at'])
      expect(await attempt('worker', [`UPDATE batch_control SET ${column} = ${column}`])).toMatch(/permission denied/);
    expect(await attempt('worker', [`SELECT sluice_pause_recovered($1, 'no recovery')`, [batch.id]])).toMatch(/confirmed by two people/);
    for (const column of ['amount', 'payee_id', 'destination_id', 'leaf'])
      expect(await attempt('worker', [`UPDATE payout_item SET ${column} = ${column}`])).toMatch(/permission denied/);
    expect(await attempt('worker', [`UPDATE workspace SET frozen_at = NULL`])).toMatch(/row-level security/);
    const personal = ['person', 'factor', 'factor_failures', 'recovery_code', 'factor_reset', 'session', 'person_event'];
    for (const table of [...personal, 'api_key', 'challenge', 'idempotency_key'])
      expect(await attempt('worker', [`SELECT 1 FROM ${table}`])).toMatch(/permission denied/);
  });

  test('relay and sequencer reach only what is theirs [S3-06]', async () => {
    const tables = (
      await world.sql<{ name: string }>(`SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`)
    ).map(({ name }) => name);
    expect(tables).toEqual(expect.arrayContaining(['payout_item', 'audit_event']));
    const sequenced = ['installation', 'audit_event', 'audit_pending', 'audit_leaf', 'audit_tree', 'audit_checkpoint', 'log_generation'];
    for (const table of tables) {
      expect(await attempt('relay', [`SELECT 1 FROM ${table}`])).toMatch(/permission denied/);
      if (!sequenced.includes(table)) expect(await attempt('sequencer', [`SELECT 1 FROM ${table}`])).toMatch(/permission denied/);
      for (const role of ['relay', 'sequencer'] as const)
        if (!['audit_leaf', 'audit_tree', 'audit_checkpoint'].includes(table) || role === 'relay')
          expect(await attempt(role, [`INSERT INTO ${table} DEFAULT VALUES`])).toMatch(/permission denied/);
    }
  });
});
