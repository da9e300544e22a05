import canonicalize from 'canonicalize';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const encoder = new TextEncoder();

/**
 * The bytes of a value in the JSON Canonicalization Scheme (RFC 8785): one value, one byte string.
 * Money goes in as a decimal string, never as a number. Throws on NaN, Infinity and undefined members.
 */
export const canonicalBytes = (value: Json): Uint8Array => {
  const text = flatText(value) ?? canonicalize(value);
  if (text === undefined) throw new TypeError('a value without JSON form cannot be made canonical');
  return encoder.encode(text);
};

/**
 * Leaves and commitments are flat, and there are millions of them: an array of plain members is its JSON.stringify as it is,
 * an object its members in the order of their names. Null for all else, which the canonicalizer writes or refuses.
 */
const flatText = (value: Json): string | null => {
  if (Array.isArray(value)) return value.every(isPlain) ? JSON.stringify(value) : null;
  if (value === null || typeof value !== 'object' || 'toJSON' in value) return null;
  let text = '';
  // Array.prototype.sort compares UTF-16 code units, as RFC 8785 asks.
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (!isPlain(member) || !isPlain(name)) return null;
    text += `${text === '' ? '{' : ','}${JSON.stringify(name)}:${JSON.stringify(member)}`;
  }
  return text === '' ? '{}' : `${text}}`;
};

/** A lone surrogate has no canonical form, and the canonicalizer says so. */
const LONE_SURROGATE = /\p{Surrogate}/u;

const isPlain = (member: Json | undefined): boolean =>
  typeof member === 'string' ? !LONE_SURROGATE.test(member) : member === null || typeof member === 'boolean' || Number.isFinite(member);
