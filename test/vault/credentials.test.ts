import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { parseOptions } from '@node-rs/argon2';
import fc from 'fast-check';
import { generate } from 'otplib';
import { openCredentials } from '../../vault/credentials.js';
import { CHEAP_ARGON2 } from '../harness/cheap-argon2.js';
import { freshKeyFile } from './keys.js';

const keyFile = freshKeyFile();
const credentials = openCredentials(keyFile, { argon2: CHEAP_ARGON2 });

describe('passwords', () => {
  test('are stored as Argon2id of at least 46 MiB, one pass, one lane, each with a salt of its own [S5-07] [S5-08]', async () => {
    const real = openCredentials(keyFile);
    const password = randomBytes(12).toString('hex');
    const [one, other] = [await real.hashPassword(password), await real.hashPassword(password)];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
    expect(parseOptions(one)).toMatchObject({ memoryCost: 46 * 1_024, timeCost: 1, parallelism: 1 });
    expect(parseOptions(one).saltLen).toBeGreaterThanOrEqual(16);
    expect(other).not.toBe(one);
    expect(one).not.toContain(password);
    expect(await real.verifyPassword(one, password)).toBe(true);
  });

  test('verify only against the password that was hashed [S5-07]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), async (password, other) => {
        const hash = await credentials.hashPassword(password);
        expect(await credentials.verifyPassword(hash, password)).toBe(true);
        expect(await credentials.verifyPassword(hash, other)).toBe(password === other);
      }),
    );
  });

  test('of an unknown person are verified with the same work', async () => {
    await expect(credentials.verifyNothing('anything')).resolves.toBeUndefined();
  });
});

describe('time-based codes', () => {
  test('are accepted one step before and after, under their own step, and no further', async () => {
    const factorId = randomUUID();
    const { secret, sealed } = await credentials.newTotpFactor(factorId, 'ada@example.com');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1_600_000_000, max: 4_000_000_000 }), fc.integer({ min: -3, max: 3 }), async (epoch, steps) => {
        const code = await generate({ secret, epoch: epoch + steps * 30 });
        const step = await credentials.matchTotp(factorId, sealed, code, new Date(epoch * 1_000 + 999));
        const own = Math.floor(epoch / 30) + steps;
        if (Math.abs(steps) <= 1) expect(step).not.toBeNull();
        // Two steps may share a code by chance, so each step is checked by its own number.
        if (step !== null && Math.abs(steps) <= 1) expect(await generate({ secret, epoch: step * 30 })).toBe(code);
        if (Math.abs(steps) > 1) expect(step).not.toBe(own);
      }),
    );
  });

  test('that are malformed are no match and no exception', async () => {
    const factorId = randomUUID();
    const { sealed } = await credentials.newTotpFactor(factorId, 'ada@example.com');
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{0,5}$/), fc.constantFrom('123456\n', '1234567', '١٢٣٤٥٦')), async (code) => {
        fc.pre(!/^[0-9]{6}$/.test(code));
        expect(await credentials.matchTotp(factorId, sealed, code, new Date())).toBeNull();
      }),
    );
  });

  test('a sealed secret is bound to its factor and its key file', async () => {
    const { secret, sealed } = await credentials.newTotpFactor(randomUUID(), 'ada@example.com');
    const code = await generate({ secret });
    await expect(credentials.matchTotp(randomUUID(), sealed, code, new Date())).rejects.toThrow(/does not open/);
    const elsewhere = openCredentials(freshKeyFile(), { argon2: CHEAP_ARGON2 });
    await expect(elsewhere.matchTotp(randomUUID(), sealed, code, new Date())).rejects.toThrow(/does not open/);
    expect(Buffer.from(sealed).includes(secret)).toBe(false);
  });

  test('the enrolment URI is what authenticators read', async () => {
    const { secret, otpauthUri } = await credentials.newTotpFactor(randomUUID(), 'ada@example.com');
    const uri = new URL(otpauthUri);
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual(['otpauth:', 'totp', '/Sluice:ada@example.com']);
    expect(uri.searchParams.get('secret')).toBe(secret);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  });
});
