import { describe, expect, test } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalBytes, type Json } from '../../domain/hashing.js';

const said = (value: Json): string => new TextDecoder().decode(canonicalBytes(value));
/** The text of the reference canonicalizer, or that it refuses. */
const reference = (value: Json): string | Error => {
  try {
    return canonicalize(value) ?? new Error('no form');
  } catch (error) {
    return error as Error;
  }
};

const anyText = fc.string({ unit: 'binary' });
const brokenText = fc.array(fc.constantFrom('a', '\ud83d', '\ude00', '"', '\\', '\u2028', '\u0000', 'é')).map((units) => units.join(''));
const member = fc.oneof(
  anyText,
  brokenText,
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY),
  fc.boolean(),
  fc.constant(null),
);
const name = fc.oneof(anyText, brokenText, fc.constantFrom('toJSON', '__proto__', '10', '9', '€', '\ud83d\ude00', '\ufb33'));
const flat = fc.oneof(fc.array(member), fc.dictionary(name, member, { noNullPrototype: false }));
const nested = fc.oneof(fc.array(fc.oneof(member, flat)), fc.dictionary(name, fc.oneof(member, flat)));

describe('canonical JSON (RFC 8785)', () => {
  test('is, for flat and for nested values, what the reference canonicalizer writes, and refuses what it refuses', () => {
    fc.assert(
      fc.property(fc.oneof(flat, nested), (value) => {
        const expected = reference(value as Json);
        if (expected instanceof Error) expect(() => canonicalBytes(value as Json)).toThrow();
        else expect(said(value as Json)).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  test('orders members by UTF-16 code units, as the example of section 3.2.3 does', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, ö: 7 };
    expect(said(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  test('the order in which members were set makes no difference', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (value) => said(Object.fromEntries(Object.entries(value).reverse())) === said(value)),
    );
  });
});
