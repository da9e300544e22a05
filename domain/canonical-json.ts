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
  const text = Array.isArray(value) ? arrayText(value) : objectText(value);
  // JSON.stringify escapes lone surrogates, and them alone of what begins with \ud; they have no canonical form.
  return text?.includes('\\ud') ? null : text;
};

const arrayText = (members: Json[]): string | null => (members.every(isPlain) ? JSON.stringify(members) : null);

const objectText = (value: Json): string | null => {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || 'toJSON' in value) return null;
  // Array.prototype.sort compares UTF-16 code units, as RFC 8785 asks, and the list of names is the order of members.
  const names = Object.keys(value).sort();
  return names.every((name) => isPlain(value[name])) ? JSON.stringify(value, names) : null;
};

const isPlain = (member: Json | undefined): boolean =>
  typeof member === 'string' || member === null || typeof member === 'boolean' || Number.isFinite(member);
