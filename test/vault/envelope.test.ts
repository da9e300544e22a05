import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { open, type Place, seal, versionOf } from '../../vault/envelope.js';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const version = fc.integer({ min: 1, max: 0xffff_ffff });
const plain = fc.uint8Array({ maxLength: 200 });
const place: fc.Arbitrary<Place> = fc.record({ tenantId: fc.uuid(), purpose: fc.string(), record: fc.string(), field: fc.string() });

describe('a sealed field [S5-05]', () => {
  test('opens to what was sealed, under its key and in its place', () => {
    fc.assert(
      fc.property(key, version, place, plain, (key, version, where, plain) => {
        const sealed = seal({ key, version }, where, plain, randomBytes);
        expect(Buffer.from(open(key, where, sealed))).toEqual(Buffer.from(plain));
        expect(versionOf(sealed)).toBe(version);
      }),
    );
  });

  test('refuses when any one byte of it was changed, key id and key version included', () => {
    const where = { tenantId: 't', purpose: 'payee', record: 'r', field: 'f' };
    const under = { key: randomBytes(32), version: 7 };
    const sealed = seal(under, where, Buffer.from('an account number'), randomBytes);
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => open(under.key, where, changed)).toThrow();
    }
    for (let length = 0; length < sealed.length; length++) expect(() => open(under.key, where, sealed.subarray(0, length))).toThrow();
  });

  test('refuses in another tenant, purpose, record or field', () => {
    fc.assert(
      fc.property(
        key,
        place,
        place,
        plain,
        fc.subarray(['tenantId', 'purpose', 'record', 'field'] as const, { minLength: 1 }),
        (key, where, other, plain, members) => {
          const elsewhere = { ...where };
          for (const member of members) elsewhere[member] = other[member];
          fc.pre(JSON.stringify(elsewhere) !== JSON.stringify(where));
          const sealed = seal({ key, version: 1 }, where, plain, randomBytes);
          expect(() => open(key, elsewhere, sealed)).toThrow(/does not open/);
        },
      ),
    );
  });

  test('refuses under another key', () => {
    fc.assert(
      fc.property(key, key, place, plain, (key, other, where, plain) => {
        fc.pre(!Buffer.from(key).equals(other));
        const sealed = seal({ key, version: 1 }, where, plain, randomBytes);
        expect(() => open(other, where, sealed)).toThrow(/does not open/);
      }),
    );
  });

  test('never gives the same bytes twice for the same content', () => {
    const where = { tenantId: 't', purpose: 'payee', record: 'r', field: 'f' };
    const under = { key: randomBytes(32), version: 1 };
    const sealed = Array.from({ length: 100 }, () => Buffer.from(seal(under, where, Buffer.from('same'), randomBytes)).toString('hex'));
    expect(new Set(sealed).size).toBe(100);
  });
});
