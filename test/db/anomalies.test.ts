import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { THRESHOLD_MAX } from '../../domain/anomalies.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { type Attempts, acting, openAttempts, type Statement } from './attempts.js';

jest.setTimeout(120_000);

/** What the database holds of suspensions and thresholds by itself, whoever asks. */

const { newId } = systemEntropy;

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let owner: Person;
let admin: Person;
let preparer: Person;
let viewer: Person;
beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt } = attempts);
  owner = await world.person('preparer');
  admin = await world.person('admin');
  preparer = await world.person('preparer');
  viewer = await world.person('viewer');
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

const insert = (id: string): Statement => [
  `INSERT INTO api_key (tenant_id, id, name, prefix, token_hash, owner_person_id, scopes) VALUES ($1, $2, 'k', 'slk_test_x', $3, $4, '{payees.read}')`,
  [world.home.tenantId, id, randomBytes(32), owner.id],
];
const set = (id: string, change: string): Statement => [`UPDATE api_key SET ${change} WHERE id = $1`, [id]];
const SUSPEND = 'suspended_at = now()';
const RESUME = 'suspended_at = NULL, resumed_at = now()';

describe('a suspension', () => {
  test('ends by the owner of the key or by who may manage people, and by nobody else [S2-20]', async () => {
    const id = newId();
    for (const role of ['owner', 'api'] as const) {
      const suspended = [insert(id), set(id, SUSPEND)];
      for (const who of [owner, admin]) expect(await attempt(role, ...suspended, acting(who), set(id, RESUME))).toBeNull();
      for (const who of [preparer, viewer, { id: newId() }])
        expect(await attempt(role, ...suspended, acting(who), set(id, RESUME))).toMatch(/resumed by its owner/);
      expect(await attempt(role, ...suspended, set(id, RESUME))).toMatch(/resumed by its owner/);
    }
  });

  test('keeps its time, and says when it ended', async () => {
    const id = newId();
    const suspended = [acting(admin), insert(id), set(id, SUSPEND)];
    expect(await attempt('api', ...suspended, set(id, `suspended_at = now() - interval '1 day'`))).toMatch(/keeps its time/);
    expect(await attempt('api', ...suspended, set(id, 'suspended_at = NULL'))).toMatch(/resumed now/);
    expect(await attempt('api', ...suspended, set(id, `suspended_at = NULL, resumed_at = now() + interval '1 day'`))).toMatch(/resumed now/);
    expect(await attempt('api', acting(admin), insert(id), set(id, 'resumed_at = now()'))).toMatch(/keeps its time/);
  });

  test('is written by the API alone', async () => {
    for (const role of ['worker', 'relay', 'sequencer'] as const) {
      expect(await attempt(role, set(newId(), SUSPEND))).toMatch(/permission denied/);
      expect(await attempt(role, ['SELECT sluice_key_suspended($1, $1)', [newId()]])).toMatch(/permission denied/);
    }
  });
});

describe('thresholds', () => {
  const rule = (alert: number, suspend: number | null, by = admin.id): Statement => [
    `INSERT INTO anomaly_rule (tenant_id, kind, alert_at, suspend_at, set_by, set_at) VALUES ($1, 'key_forbidden', $2, $3, $4, now())`,
    [world.home.tenantId, alert, suspend, by],
  ];

  test('are within the bounds of the code: no alert is off, and no key is suspended before it', async () => {
    for (const [alert, suspend] of [
      [1, null],
      [1, 1],
      [THRESHOLD_MAX, THRESHOLD_MAX],
    ] as const)
      expect([alert, suspend, await attempt('api', rule(alert, suspend))]).toEqual([alert, suspend, null]);
    for (const [alert, suspend] of [
      [0, null],
      [-1, null],
      [THRESHOLD_MAX + 1, null],
      [2, 1],
      [1, 0],
      [1, THRESHOLD_MAX + 1],
    ] as const)
      expect([alert, suspend, await attempt('api', rule(alert, suspend))]).toEqual([alert, suspend, expect.stringMatching(/check constraint/)]);
  });

  test('are set by a member, and taken away by nobody', async () => {
    expect(await attempt('api', rule(1, null, newId()))).toMatch(/foreign key/);
    expect(await attempt('api', rule(1, null), ['DELETE FROM anomaly_rule'])).toMatch(/permission denied/);
    expect(await attempt('api', ['DELETE FROM anomaly_count'])).toMatch(/permission denied/);
  });
});
