import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SignatureAlgorithm } from '../../domain/http-signature/profile.js';
import type { SignableRequest } from '../../domain/http-signature/request.js';
import { toWireId } from '../../domain/ids.js';
import { createApiKey } from '../../operations/api-key/create.js';
import { revokeApiKey } from '../../operations/api-key/revoke.js';
import type { Context } from '../../operations/context.js';
import { type MachineCall, type Verification, verifySignature } from '../../operations/request-signature/verify.js';
import { revokeSigningKey } from '../../operations/signing-key/revoke.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { makeSigner, newSigner, type Plain, signRequest, type TestSigner, type Twist } from '../world/signing.js';
import { must, uuidOf } from '../world/wire.js';

let world: World;
let admin: Person;
let key: { id: string; uuid: string };
let signers: Record<SignatureAlgorithm, TestSigner>;
beforeAll(async () => {
  world = await openWorld();
  admin = await world.person('admin');
  key = await newKey();
  signers = { 'hmac-sha256': await makeSigner(world, admin, key.id, 'hmac-sha256'), ed25519: await makeSigner(world, admin, key.id, 'ed25519') };
});
afterAll(() => world?.close());

const newKey = async () => {
  const { id } = must(await createApiKey(world.as(admin), { name: 'A key', scopes: ['payees.write'], code: await world.freshCode(admin) }));
  return { id, uuid: uuidOf(id) };
};
const ctxOf = (keyId = key.uuid, options: Parameters<World['as']>[1] = {}): Context =>
  world.as({ type: 'api_key', keyId, ownerPersonId: admin.id, scopes: ['payees.write'] }, options);

/** The same context at another time of the database's clock. */
const at = (ctx: Context, now: Date): Context => ({
  ...ctx,
  inTenant: (work, options) => ctx.inTenant((stores) => work({ ...stores, now }), options),
});

const PLAIN: Plain = {
  method: 'POST',
  url: 'https://pay.example/v1/payees',
  headers: { 'content-length': '2', 'idempotency-key': 'june' },
  body: '{}',
};
const signable = ({ method, url, headers }: Plain): SignableRequest => ({
  method,
  targetUri: url,
  field: (name) => (headers[name] === undefined ? [] : [headers[name]]),
});
const callOf = (request: Plain | null, more: Partial<MachineCall> = {}): MachineCall => ({
  ...{ route: 'create_payee', method: 'POST', apiKeyId: key.uuid, isSigned: true },
  request: request && signable(request),
  ...more,
});
const verify = (signer: TestSigner, twist: Twist = {}, more: Partial<MachineCall> = {}, ctx = ctxOf()) =>
  verifySignature(ctx, callOf(signRequest(signer, PLAIN, twist), more));

/** Why it was refused; its kind where it was not. */
const outcome = (verification: Verification): string => (verification.kind === 'refused' ? verification.reason : verification.kind);

describe.each(['hmac-sha256', 'ed25519'] as const)('%s', (algorithm) => {
  const other = algorithm === 'ed25519' ? 'hmac-sha256' : 'ed25519';

  test('is verified by the key that signed, with what the content has to hash to [S3-14]', async () => {
    const verification = await verify(signers[algorithm]);
    expect(verification).toMatchObject({ kind: 'verified', digests: expect.any(Map) });
  });

  test('by another key under the same id is refused', async () => {
    expect(outcome(await verify(newSigner(algorithm, signers[algorithm].keyId)))).toBe('it does not verify');
  });

  test('under the id of a key of the other algorithm is refused', async () => {
    expect(outcome(await verify({ ...signers[algorithm], keyId: signers[other].keyId }))).toBe('the signing key is of another algorithm');
    const claimed = { ...signers[algorithm], keyId: signers[other].keyId };
    expect(outcome(await verify(claimed, { parameters: { alg: other } }))).toBe('it does not verify');
  });

  test('by a revoked key is refused, and by another key of the same API key it is not', async () => {
    const [first, second] = [await makeSigner(world, admin, key.id, algorithm), await makeSigner(world, admin, key.id, algorithm)];
    must(await revokeSigningKey(world.as(admin), { key_id: key.uuid, signing_key_id: uuidOf(first.keyId) }));
    expect(outcome(await verify(first))).toBe('the signing key is revoked');
    expect(outcome(await verify(second))).toBe('verified');
  });
});

describe('the window, by the clock of the database [S3-16]', () => {
  const NOW_S = Math.floor(Date.now() / 1_000);
  const TAKEN = [0, 29, -29, 31, -31, 61, -61, 299, -299, 300, -300].map((age) => [age, 'verified'] as const);
  const REFUSED = [301, -301].map((age) => [age, 'created is more than 300 s off'] as const);
  test.each([...TAKEN, ...REFUSED])(
    'a signature of %i s ago: %s, with either algorithm, in the first and the last moment of a second',
    async (age, says) => {
      for (const ms of [0, 999])
        for (const signer of Object.values(signers)) {
          const ctx = at(ctxOf(), new Date(NOW_S * 1_000 + ms));
          expect([ms, signer.algorithm, outcome(await verify(signer, { created: NOW_S - age }, {}, ctx))]).toEqual([ms, signer.algorithm, says]);
        }
    },
  );

  test("without a test's clock it is that of the database", async () => {
    for (const age of [-400, 400]) expect(outcome(await verify(signers.ed25519, { created: NOW_S - age }))).toBe('created is more than 300 s off');
    expect(outcome(await verify(signers.ed25519, { created: NOW_S }))).toBe('verified');
  });

  test('a nonce is remembered until its signature is of no use, wherever in the window it was used', async () => {
    const nonce = randomUUID();
    expect(outcome(await verify(signers.ed25519, { nonce, created: NOW_S + 299 }))).toBe('verified');
    const [row] = await world.sql<{ expires_at: Date }>('SELECT expires_at FROM signature_nonce WHERE nonce = $1', [nonce]);
    expect(row?.expires_at.getTime()).toBeGreaterThan((NOW_S + 299 + 300) * 1_000);
  });
});

describe('a nonce', () => {
  test('is used once: of 64 equal requests at once exactly one passes', async () => {
    const request = signRequest(signers['hmac-sha256'], PLAIN);
    const all = await Promise.all(Array.from({ length: 64 }, () => verifySignature(ctxOf(), callOf(request))));
    expect(all.map(outcome).sort()).toEqual([...Array(63).fill('its nonce was used already'), 'verified']);
  });

  test('is not used by a signature that does not verify', async () => {
    const nonce = randomUUID();
    expect(outcome(await verify(newSigner('ed25519', signers.ed25519.keyId), { nonce }))).toBe('it does not verify');
    expect(outcome(await verify(signers.ed25519, { nonce }))).toBe('verified');
    expect(outcome(await verify(signers.ed25519, { nonce }))).toBe('its nonce was used already');
    expect(outcome(await verify(signers['hmac-sha256'], { nonce }))).toBe('verified');
  });
});

describe('fails closed [S3-16]', () => {
  test('a key of another API key, of none, of another workspace or of nobody', async () => {
    const stranger = await newKey();
    const theirs = await world.workspace();
    for (const [more, ctx] of [
      [{ apiKeyId: stranger.uuid }, ctxOf(stranger.uuid)],
      [{ apiKeyId: null }, ctxOf()],
      [{}, ctxOf(key.uuid, { tenantId: theirs.tenantId })],
    ] as const)
      expect(outcome(await verify(signers.ed25519, {}, more, ctx))).toBe('its API key has no such signing key');
    const nobody = newSigner('ed25519', toWireId('signingKey', systemEntropy.newId()));
    expect(outcome(await verify(nobody))).toBe('its API key has no such signing key');
  });

  test('a signing key of a revoked API key, should anything still ask for it', async () => {
    const gone = await newKey();
    const signer = await makeSigner(world, admin, gone.id, 'ed25519');
    must(await revokeApiKey(world.as(admin), { key_id: gone.uuid }));
    expect(outcome(await verify(signer, {}, { apiKeyId: gone.uuid }, ctxOf(gone.uuid)))).toBe('the signing key is revoked');
  });

  test('a secret that was changed, moved, or is not there', async () => {
    const [signer, other] = [await makeSigner(world, admin, key.id, 'hmac-sha256'), await makeSigner(world, admin, key.id, 'hmac-sha256')];
    const id = uuidOf(signer.keyId);
    const unreadable = 'the signing key has no material that can be read';
    expect(outcome(await verify(signer))).toBe('verified');
    await world.sql('UPDATE signing_key SET sealed_secret = (SELECT sealed_secret FROM signing_key WHERE id = $2) WHERE id = $1', [
      id,
      uuidOf(other.keyId),
    ]);
    expect(outcome(await verify(signer))).toBe(unreadable);
    await world.sql(`UPDATE signing_key SET sealed_secret = '\\x00' WHERE id = $1`, [id]);
    expect(outcome(await verify(signer))).toBe(unreadable);
    await world.sql('ALTER TABLE signing_key DROP CONSTRAINT signing_key_material');
    await world.sql('UPDATE signing_key SET sealed_secret = NULL WHERE id = $1', [id]);
    expect(outcome(await verify(signer))).toBe(unreadable);
  });

  test('a target URI that is not of this API', async () => {
    expect(outcome(await verifySignature(ctxOf(), callOf(null)))).toBe('its target URI is not that of this API');
  });

  test('one refusal for all, audited as a failed attempt; a refused read is not audited', async () => {
    const before = (await world.audited('request.refuse')).length;
    const all = [
      await verify(signers.ed25519, { created: 0 }),
      await verify(newSigner('ed25519', signers.ed25519.keyId)),
      await verifySignature(ctxOf(), callOf(null)),
      await verify(signers.ed25519, {}, { apiKeyId: null }),
    ];
    const refusals = all.map((one) => (one.kind === 'refused' ? one.refusal : null));
    expect(new Set(refusals.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(refusals[0]).toMatchObject({ code: 'signature_invalid' });
    const events = await world.audited('request.refuse');
    expect(events.slice(before)).toHaveLength(all.length);
    expect(events.at(-1)).toMatchObject({
      result: 'signature_invalid',
      actor: { type: 'api_key', keyId: key.uuid },
      subject_id: world.home.tenantId,
    });
    await verify(signers.ed25519, { created: 0 }, { method: 'GET' });
    expect(await world.audited('request.refuse')).toHaveLength(events.length);
  });
});

describe('a call without a signature', () => {
  const unsigned = (ctx: Context) => verifySignature(ctx, callOf(PLAIN, { isSigned: false }));

  test('passes where the workspace asks for none, and is refused where it asks [S3-16]', async () => {
    expect(outcome(await unsigned(ctxOf()))).toBe('unsigned');
    const live = await world.workspace({ mode: 'live' });
    expect(outcome(await unsigned(ctxOf(key.uuid, live)))).toBe('it is not signed');
  });

  test('a signature that is there counts, also where none is asked for', async () => {
    expect(outcome(await verify(newSigner('ed25519', signers.ed25519.keyId)))).toBe('it does not verify');
  });
});
