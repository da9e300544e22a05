import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openRelayStore } from '../../db/relay.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { type Attempts, openAttempts, ROLES } from './attempts.js';

jest.setTimeout(120_000);

const { newId } = systemEntropy;

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let admin: Person;
let apiKeyId: string;
beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt } = attempts);
  admin = await world.person('admin');
  apiKeyId = await newApiKey();
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

const newApiKey = async (tenantId = world.home.tenantId): Promise<string> => {
  const { hash, prefix } = world.credentials.newToken('api_key', 'test');
  const row = {
    id: newId(),
    name: 'k',
    prefix,
    scopes: ['batches.read' as const],
    ownerPersonId: admin.id,
    expiresAt: null,
    allowedNetworks: [],
    tokenHash: hash,
  };
  return (await world.api(tenantId).inTenant((stores) => stores.apiKeys.insert(row))).id;
};
const newKey = async (ofApiKey = apiKeyId, tenantId = world.home.tenantId): Promise<string> => {
  const row = {
    id: newId(),
    apiKeyId: ofApiKey,
    algorithm: 'ed25519' as const,
    publicKey: new Uint8Array(32),
    sealedSecret: null,
    createdBy: admin.id,
  };
  return (await world.api(tenantId).inTenant((stores) => stores.signingKeys.insert(row))).id;
};
const use = (signingKeyId: string, nonce: string, expiresAt = new Date(Date.now() + 600_000), tenantId = world.home.tenantId) =>
  world.api(tenantId).inTenant((stores) => stores.signatureNonces.use({ signingKeyId, nonce, expiresAt }));

describe('a nonce', () => {
  test('is used once: of 64 at once exactly one wins, and none afterwards', async () => {
    const key = await newKey();
    const used = await Promise.all(Array.from({ length: 64 }, () => use(key, 'the one nonce of all')));
    expect(used.filter(Boolean)).toEqual([true]);
    expect(await use(key, 'the one nonce of all')).toBe(false);
    expect(await use(key, 'another nonce of it')).toBe(true);
  });

  test('of one key or workspace is another one of another', async () => {
    const [one, other] = [await newKey(), await newKey()];
    const { tenantId } = await world.workspace();
    const theirs = await newKey(await newApiKey(tenantId), tenantId);
    expect([await use(one, 'a shared nonce ..'), await use(other, 'a shared nonce ..')]).toEqual([true, true]);
    expect(await use(theirs, 'a shared nonce ..', new Date(), tenantId)).toBe(true);
    expect(await world.api(tenantId).inTenant((stores) => stores.signingKeys.find(one))).toBeNull();
  });

  test('that was rolled back was not used', async () => {
    const key = await newKey();
    const broken = world.api().inTenant(async (stores) => {
      await stores.signatureNonces.use({ signingKeyId: key, nonce: 'a nonce rolled back', expiresAt: new Date() });
      throw new Error('rolled back');
    });
    await expect(broken).rejects.toThrow('rolled back');
    expect(await use(key, 'a nonce rolled back')).toBe(true);
  });

  test('is forgotten by the relay once the window of its signature is over, no sooner, and by nobody else', async () => {
    const key = await newKey();
    for (const [nonce, ms] of [
      ['a nonce that is over', -1_000],
      ['a nonce that is over too', -2_000],
      ['a nonce that counts', 60_000],
    ] as const)
      await use(key, nonce, new Date(Date.now() + ms));
    const store = openRelayStore(world.database.urls.relay);
    try {
      expect(await store.pruneNonces(1)).toBe(1);
      while ((await store.pruneNonces(100)) > 0);
    } finally {
      await store.close();
    }
    expect(await world.sql('SELECT nonce FROM signature_nonce WHERE signing_key_id = $1', [key])).toEqual([{ nonce: 'a nonce that counts' }]);
    expect(
      await world.sql(`SELECT r AS role FROM unnest(ARRAY['sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer']) r
        WHERE has_function_privilege(r, 'sluice_prune_signature_nonces(int)', 'EXECUTE')`),
    ).toEqual([{ role: 'sluice_relay' }]);
    for (const role of ROLES.filter((name) => name !== 'owner')) {
      expect(await attempt(role, ['DELETE FROM signature_nonce'])).toMatch(/permission denied/);
      expect(await attempt(role, ['UPDATE signature_nonce SET nonce = nonce'])).toMatch(/permission denied/);
    }
  });
});

describe('a signing key', () => {
  test.each([
    ['neither half', 'ed25519', null, null],
    ['a secret in place of the public key', 'ed25519', null, Buffer.alloc(64)],
    ['both', 'hmac-sha256', Buffer.alloc(32), Buffer.alloc(64)],
    ['a public key of another length', 'ed25519', Buffer.alloc(31), null],
    ['an algorithm that is not known', 'rsa-pss-sha512', Buffer.alloc(32), null],
  ])('with %s is refused', async (_, algorithm, publicKey, sealed) => {
    const insert =
      'INSERT INTO signing_key (tenant_id, id, api_key_id, algorithm, public_key, sealed_secret, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)';
    expect(await attempt('api', [insert, [world.home.tenantId, newId(), apiKeyId, algorithm, publicKey, sealed, admin.id]])).toMatch(/signing_key_/);
  });

  test('is revoked with its API key, in the same statement, and stays revoked', async () => {
    const ofKey = await newApiKey();
    const [first, second] = [await newKey(ofKey), await newKey(ofKey)];
    const other = await newKey();
    await world.api().inTenant((stores) => stores.apiKeys.revoke(ofKey));
    const rows = await world.api().inTenant((stores) => stores.signingKeys.ofApiKey(ofKey));
    expect(rows.map(({ id, revokedAt }) => [id, revokedAt !== null])).toEqual([
      [second, true],
      [first, true],
    ]);
    expect((await world.api().inTenant((stores) => stores.signingKeys.find(other)))?.revokedAt).toBeNull();
    for (const role of ['api', 'owner'] as const)
      expect(await attempt(role, ['UPDATE signing_key SET revoked_at = NULL WHERE id = $1', [first]])).toMatch(/stays revoked/);
    expect(await attempt('api', ['UPDATE signing_key SET public_key = public_key'])).toMatch(/permission denied/);
    for (const role of ['worker', 'relay', 'sequencer'] as const)
      expect(await attempt(role, ['SELECT 1 FROM signing_key'])).toMatch(/permission denied/);
  });

  test('of another API key is not revoked by the way', async () => {
    const key = await newKey();
    const stranger = await newApiKey();
    expect(await world.api().inTenant((stores) => stores.signingKeys.revoke(stranger, key))).toBeNull();
    expect((await world.api().inTenant((stores) => stores.signingKeys.find(key)))?.revokedAt).toBeNull();
  });
});

describe('a workspace', () => {
  const requiredAt = async (tenantId: string) => (await world.api(tenantId).inTenant((stores) => stores.workspaces.get())).signingRequiredAt;

  test('asks for signatures from its beginning when it is live, and not when it is for tests', async () => {
    expect(await requiredAt((await world.workspace({ mode: 'live' })).tenantId)).toBeInstanceOf(Date);
    expect(await requiredAt(world.home.tenantId)).toBeNull();
  });

  test('that is live goes on asking, whoever writes; one for tests may stop', async () => {
    const live = (await world.workspace({ mode: 'live' })).tenantId;
    await expect(world.api(live).inTenant((stores) => stores.workspaces.allowUnsigned())).rejects.toThrow(/goes on asking/);
    await expect(world.sql('UPDATE workspace SET signing_required_at = NULL', [], live)).rejects.toThrow(/goes on asking/);
    const { tenantId } = await world.workspace();
    const since = (await world.api(tenantId).inTenant((stores) => stores.workspaces.requireSigning())).signingRequiredAt;
    expect((await world.api(tenantId).inTenant((stores) => stores.workspaces.requireSigning())).signingRequiredAt).toEqual(since);
    expect((await world.api(tenantId).inTenant((stores) => stores.workspaces.allowUnsigned())).signingRequiredAt).toBeNull();
    for (const role of ['worker', 'relay', 'sequencer'] as const)
      expect(await attempt(role, ['UPDATE workspace SET signing_required_at = NULL'])).toMatch(/permission denied/);
  });
});
