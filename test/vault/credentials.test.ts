import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { hash, parseOptions } from '@node-rs/argon2';
import fc from 'fast-check';
import { generate } from 'otplib';
import { openCredentials, openSealsOfBefore } from '../../vault/credentials.js';
import { seal } from '../../vault/envelope.js';
import { deriveKey } from '../../vault/root-key.js';
import { CHEAP_ARGON2 } from '../harness/cheap-argon2.js';
import { must } from '../world/wire.js';
import { freshKeyFile } from './keys.js';

const keyFile = freshKeyFile();
const credentials = openCredentials(keyFile, { argon2: CHEAP_ARGON2 });

const WHO = randomUUID();
const newFactor = () => ({ id: randomUUID(), personId: randomUUID() });

describe('passwords', () => {
  test('are stored as Argon2id of at least 46 MiB, one pass, one lane, each with a salt of its own [S5-07] [S5-08]', async () => {
    const real = openCredentials(keyFile);
    const password = randomBytes(12).toString('hex');
    const [one, other] = [await real.hashPassword(password, WHO), await real.hashPassword(password, WHO)];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
    const [phc = ''] = one.split('~');
    expect(parseOptions(phc)).toMatchObject({ memoryCost: 46 * 1_024, timeCost: 1, parallelism: 1 });
    expect(parseOptions(phc).saltLen).toBeGreaterThanOrEqual(16);
    expect(other).not.toBe(one);
    expect(one).not.toContain(password);
    expect(must(await real.checkPassword(one, password, WHO))).toBe(true);
  });

  test('verify only against the password that was hashed [S5-07]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), async (password, other) => {
        const hash = must(await credentials.newPasswordHash(password, WHO));
        expect(must(await credentials.checkPassword(hash, password, WHO))).toBe(true);
        expect(must(await credentials.checkPassword(hash, other, WHO))).toBe(password === other);
      }),
    );
  });

  test('are hashed in their one form: typed with combining characters or in full width, it is the same password', async () => {
    const typed = `caf\u0065\u0301 ${randomBytes(6).toString('hex')} ﬁ Ｓｌｕｉｃｅ`;
    const hash = await credentials.hashPassword(typed, WHO);
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const)
      expect(must(await credentials.checkPassword(hash, typed.normalize(form), WHO))).toBe(true);
    expect(must(await credentials.checkPassword(hash, typed.toUpperCase(), WHO))).toBe(false);
    expect(must(await credentials.checkPassword(hash, typed.replaceAll(' ', ''), WHO))).toBe(false);
  });

  test('are of their person alone: a hash that somebody else has, or that was changed, is never right, nor one without a seal', async () => {
    const stored = await credentials.hashPassword('a password', WHO);
    const right = async (hash: string, personId = WHO, by = credentials) => must(await by.checkPassword(hash, 'a password', personId));
    expect([await right(stored), await right(stored, randomUUID())]).toEqual([true, false]);
    expect(await right(stored, WHO, openCredentials(freshKeyFile(), { argon2: CHEAP_ARGON2 }))).toBe(false);
    const [phc = '', seal = ''] = stored.split('~');
    const [other = ''] = (await credentials.hashPassword('a password', WHO)).split('~');
    expect(await right(`${other}~${seal}`)).toBe(false);
    expect(await right(`${phc}~`)).toBe(false);
    expect(await right(phc)).toBe(false);
    expect(await right(openSealsOfBefore(keyFile).password(WHO, phc))).toBe(true);
    expect(credentials.isWeakHash(stored)).toBe(false);
  });

  test('of an unknown person are verified with the same work, and never right', async () => {
    expect(await credentials.checkPassword(null, 'anything', WHO)).toEqual({ ok: true, value: false });
  });

  test.each([
    ['less memory', { memoryKiB: 32, passes: 2, lanes: 2 }, true],
    ['fewer passes', { memoryKiB: 64, passes: 1, lanes: 2 }, true],
    ['fewer lanes', { memoryKiB: 64, passes: 2, lanes: 1 }, true],
    ['the cost of today', { memoryKiB: 64, passes: 2, lanes: 2 }, false],
    ['more than today', { memoryKiB: 128, passes: 3, lanes: 4 }, false],
  ])('hashed with %s are weak or not', async (_what, argon2, weak) => {
    const today = openCredentials(keyFile, { argon2: { memoryKiB: 64, passes: 2, lanes: 2 } });
    expect(today.isWeakHash(await openCredentials(keyFile, { argon2 }).hashPassword('a password', WHO))).toBe(weak);
  });

  test('of another algorithm are weak, whatever they cost', async () => {
    const argon2i = await hash('a password', { algorithm: 1, memoryCost: 1_024, timeCost: 9, parallelism: 4 });
    expect(credentials.isWeakHash(argon2i)).toBe(true);
  });
});

describe('tokens', () => {
  test('of sessions and links are stored under a key of the installation, those of programs as their SHA-256', () => {
    const elsewhere = openCredentials(freshKeyFile(), { argon2: CHEAP_ARGON2 });
    const plain = (token: string) => createHash('sha256').update(token).digest();
    for (const kind of ['session', 'link', 'api_key', 'operator'] as const) {
      const { token, hash } = credentials.newToken(kind, 'test');
      expect(Buffer.from(credentials.hashToken(token) ?? [])).toEqual(Buffer.from(hash));
      const keyed = kind === 'session' || kind === 'link';
      expect([kind, plain(token).equals(hash)]).toEqual([kind, !keyed]);
      expect([kind, Buffer.from(elsewhere.hashToken(token) ?? []).equals(hash)]).toEqual([kind, !keyed]);
      expect(hash).toHaveLength(32);
    }
    expect(credentials.hashToken('sluice_session_x')).toBeNull();
  });
});

describe('time-based codes', () => {
  test('are accepted one step before and after, under their own step, and no further [S4-12]', async () => {
    const factor = newFactor();
    const { secret, sealed } = await credentials.newTotpFactor(factor, 'ada@example.com');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1_600_000_000, max: 4_000_000_000 }), fc.integer({ min: -3, max: 3 }), async (epoch, steps) => {
        const code = await generate({ secret, epoch: epoch + steps * 30 });
        const step = await credentials.matchTotp({ ...factor, sealed }, code, new Date(epoch * 1_000 + 999));
        const own = Math.floor(epoch / 30) + steps;
        if (Math.abs(steps) <= 1) expect(step).not.toBeNull();
        // Two steps may share a code by chance, so each step is checked by its own number.
        if (step !== null && Math.abs(steps) <= 1) expect(await generate({ secret, epoch: step * 30 })).toBe(code);
        if (Math.abs(steps) > 1) expect(step).not.toBe(own);
      }),
    );
  });

  test('that are malformed are no match and no exception', async () => {
    const factor = newFactor();
    const { sealed } = await credentials.newTotpFactor(factor, 'ada@example.com');
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{0,5}$/), fc.constantFrom('123456\n', '1234567', '١٢٣٤٥٦')), async (code) => {
        fc.pre(!/^[0-9]{6}$/.test(code));
        expect(await credentials.matchTotp({ ...factor, sealed }, code, new Date())).toBeNull();
      }),
    );
  });

  test('a sealed secret is bound to its factor, its person and its key file', async () => {
    const factor = newFactor();
    const { secret, sealed } = await credentials.newTotpFactor(factor, 'ada@example.com');
    const code = await generate({ secret });
    expect(await credentials.matchTotp({ ...factor, sealed }, code, new Date())).not.toBeNull();
    const elsewhere = openCredentials(freshKeyFile(), { argon2: CHEAP_ARGON2 });
    for (const [opened, moved] of [
      [credentials, { ...factor, id: randomUUID() }],
      [credentials, { ...factor, personId: randomUUID() }],
      [elsewhere, factor],
    ] as const)
      await expect(opened.matchTotp({ ...moved, sealed }, code, new Date())).rejects.toThrow(/does not open/);
    expect(Buffer.from(sealed).includes(secret)).toBe(false);
  });

  test('a secret that was sealed to its factor alone opens no more, until it is bound to its person', async () => {
    const keyFile = freshKeyFile();
    const factor = newFactor();
    const { secret } = await credentials.newTotpFactor(factor, 'ada@example.com');
    const place = { tenantId: '', purpose: 'factor', record: factor.id, field: 'totp_secret' };
    const before = seal({ key: deriveKey(keyFile.root.key, 'factors'), version: 1 }, place, Buffer.from(secret), randomBytes);
    const own = openCredentials(keyFile, { argon2: CHEAP_ARGON2 });
    const code = await generate({ secret });
    await expect(own.matchTotp({ ...factor, sealed: before }, code, new Date())).rejects.toThrow(/does not open/);
    const sealed = openSealsOfBefore(keyFile).factor(factor, before) ?? before;
    expect(openSealsOfBefore(freshKeyFile()).factor(factor, before)).toBeNull();
    expect(await own.matchTotp({ ...factor, sealed }, code, new Date())).not.toBeNull();
    await expect(own.matchTotp({ ...factor, personId: randomUUID(), sealed }, code, new Date())).rejects.toThrow(/does not open/);
  });

  test('the enrolment URI is what authenticators read', async () => {
    const { secret, otpauthUri } = await credentials.newTotpFactor(newFactor(), 'ada@example.com');
    const uri = new URL(otpauthUri);
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual(['otpauth:', 'totp', '/Sluice:ada@example.com']);
    expect(uri.searchParams.get('secret')).toBe(secret);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  });
});
