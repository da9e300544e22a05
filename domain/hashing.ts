import canonicalize from 'canonicalize';

/** SHA-256 (FIPS 180-4) over the concatenation of its parts. Callers pass it in, so that domain needs no crypto module. */
export type Sha256 = (...parts: Uint8Array[]) => Uint8Array;

/** The first byte of what is hashed separates leaves from nodes, so that neither can stand for the other (RFC 6962 2.1). */
const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);

export const leafHash = (sha256: Sha256, entry: Uint8Array): Uint8Array => sha256(LEAF, entry);
export const nodeHash = (sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array => sha256(NODE, left, right);

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower case, two digits a byte. */
export const toHex = (bytes: Uint8Array): string => {
  let hex = '';
  for (const byte of bytes) hex += HEX[byte];
  return hex;
};

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const encoder = new TextEncoder();

/**
 * The bytes of a value in the JSON Canonicalization Scheme (RFC 8785): equal values have equal bytes. Pass money as a decimal
 * string, never as a number. Throws on NaN, Infinity and undefined members.
 */
export const canonicalBytes = (value: Json): Uint8Array => {
  const text = plainText(value) ?? canonicalize(value);
  if (text === undefined) throw new TypeError('a value without JSON form cannot be made canonical');
  return encoder.encode(text);
};

/**
 * A fast path, because leaves, commitments and destinations are small and there are millions of them: JSON.stringify writes plain values in
 * canonical form. Null for every other value, which the canonicalizer writes or refuses.
 */
const plainText = (value: Json): string | null => {
  const text = Array.isArray(value) ? arrayText(value) : objectText(value);
  // A lone surrogate has no canonical form. JSON.stringify escapes it, and nothing else that it escapes begins with \ud.
  return text?.includes('\\ud') ? null : text;
};

const arrayText = (members: Json[]): string | null => (members.every(isPlain) ? JSON.stringify(members) : null);

const objectText = (value: Json | undefined): string | null => {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || 'toJSON' in value) return null;
  let text = '';
  // Array.prototype.sort compares UTF-16 code units, as RFC 8785 asks.
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    const written = isPlain(member) ? JSON.stringify(member) : objectText(member);
    if (written === null) return null;
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${written}`;
  }
  return `{${text}}`;
};

const isPlain = (member: Json | undefined): boolean =>
  typeof member === 'string' || member === null || typeof member === 'boolean' || Number.isFinite(member);
