import canonicalize from 'canonicalize';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const encoder = new TextEncoder();

/**
 * The bytes of a value in the JSON Canonicalization Scheme (RFC 8785): one value, one byte string.
 * Money goes in as a decimal string, never as a number. Throws on NaN, Infinity and undefined members.
 */
export const canonicalBytes = (value: Json): Uint8Array => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('a value without JSON form cannot be made canonical');
  return encoder.encode(text);
};
