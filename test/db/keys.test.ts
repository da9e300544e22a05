import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Context } from '../../operations/context.js';
import type { SealedPlace } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openVault } from '../../vault/open-vault.js';
import { freshKeyFile } from '../vault/keys.js';
import { openWorld, type World } from '../world/open.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const enter = (tenantId: string): Context => world.api(tenantId);
const place = (tenantId: string): SealedPlace => ({ tenantId, purpose: 'inbound', record: systemEntropy.newId(), field: 'body' });
const keyFile = freshKeyFile();

describe('keys in the database [S5-05]', () => {
  test('16 processes that need a first key at once end up with one, and read what each other sealed', async () => {
    const { tenantId } = world.home;
    const vaults = Array.from({ length: 16 }, () => openVault(keyFile, systemEntropy));
    const sealed = await Promise.all(
      vaults.map(async (vault) => {
        const where = place(tenantId);
        return { where, bytes: await enter(tenantId).inTenant((stores) => vault.seal(stores.keys, where, Buffer.from(where.record))) };
      }),
    );
    const rows = await world.sql(`SELECT version FROM tenant_key WHERE purpose = 'inbound'`);
    expect(rows).toEqual([{ version: 1 }]);
    for (const [i, { where, bytes }] of sealed.entries()) {
      const reader = vaults[(i + 1) % vaults.length] ?? openVault(keyFile, systemEntropy);
      const plain = await enter(tenantId).inTenant((stores) => reader.open(stores.keys, where, bytes));
      expect(Buffer.from(plain).toString()).toBe(where.record);
    }
  });

  test('a key made in a transaction that failed is forgotten with it', async () => {
    const { tenantId } = await world.workspace({ mode: 'live' });
    const vault = openVault(keyFile, systemEntropy);
    const failed = enter(tenantId).inTenant(async (stores) => {
      await vault.seal(stores.keys, place(tenantId), Buffer.from('lost'));
      throw new Error('and rolled back');
    });
    await expect(failed).rejects.toThrow('and rolled back');
    const where = place(tenantId);
    const sealed = await enter(tenantId).inTenant((stores) => vault.seal(stores.keys, where, Buffer.from('kept')));
    const plain = await enter(tenantId).inTenant((stores) => openVault(keyFile, systemEntropy).open(stores.keys, where, sealed));
    expect(Buffer.from(plain).toString()).toBe('kept');
  });

  test('of one workspace are not seen from another', async () => {
    const [ours, foreign] = [world.home.tenantId, (await world.workspace()).tenantId];
    const subjectId = systemEntropy.newId();
    const vault = openVault(keyFile, systemEntropy);
    await enter(ours).inTenant(async (stores) => {
      const { stored } = (await vault.newSubjectKeys(stores.keys, ours))(subjectId);
      await stores.keys.insertSubjectKeys([{ subjectId, stored }]);
    });
    expect((await enter(ours).inTenant((stores) => stores.keys.subjectKeys([subjectId]))).size).toBe(1);
    expect((await enter(foreign).inTenant((stores) => stores.keys.subjectKeys([subjectId]))).size).toBe(0);
    expect(await enter(ours).inTenant((stores) => stores.keys.tenantKeyAt('payee', 1))).not.toBeNull();
    expect(await enter(foreign).inTenant((stores) => stores.keys.tenantKeyAt('payee', 1))).toBeNull();
    expect(await enter(foreign).inTenant((stores) => stores.keys.tenantKey('payee'))).toBeNull();
  });
});

test('no process can take a key of a payee away, on which the re-sends of a whole chunk rest', async () => {
  const rows =
    await world.sql(`SELECT r AS role, p AS right FROM unnest(ARRAY['sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer']) r, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) p
     WHERE has_table_privilege(r, 'subject_key', p) OR (p = 'UPDATE' AND has_any_column_privilege(r, 'subject_key', p))`);
  expect(rows).toEqual([]);
  const subjectId = systemEntropy.newId();
  const remove = enter(world.home.tenantId).inTenant(async (stores) => {
    const { stored } = (await openVault(keyFile, systemEntropy).newSubjectKeys(stores.keys, world.home.tenantId))(subjectId);
    await stores.keys.insertSubjectKeys([{ subjectId, stored }]);
    await stores.keys.insertSubjectKeys([{ subjectId, stored: new Uint8Array(stored.length) }]);
  });
  await expect(remove).rejects.toThrow();
});
