import { crc32 } from 'node:zlib';
import { sha256 } from './sha256.js';

/**
 * Bearer tokens: `slk_live_…` and `slk_test_…` for API keys, `sluice_session_…` for sessions, `sluice_link_…` in letters,
 * `slo_…` for operators of the platform; then 33 base62 characters of 192 random bits,
 * and 6 of the CRC-32 of everything before. With the checksum a secret scanner recognizes a real token offline (docs/keys.md).
 */
const RANDOM_BYTES = 24;
const RANDOM_CHARACTERS = 33;
const CHECK_CHARACTERS = 6;
/** Random characters that the stored prefix shows; 168 secret bits remain. */
const SHOWN_CHARACTERS = 4;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Keys that were made before they had a lead of their own begin with `sluice_live_` and `sluice_test_`, and are taken as long as they live. */
const LEADS = '(?:slk_(?:live|test)|slo|sluice_(?:live|test|session|link))_';
const TOKEN = new RegExp(`^${LEADS}[0-9A-Za-z]{${RANDOM_CHARACTERS + CHECK_CHARACTERS}}$`);

export type TokenKind = 'session' | 'api_key' | 'link' | 'operator';

export const newToken = (
  kind: TokenKind,
  mode: 'live' | 'test',
  randomBytes: (count: number) => Uint8Array,
): { token: string; hash: Uint8Array; prefix: string } => {
  const lead = { session: 'sluice_session_', link: 'sluice_link_', api_key: `slk_${mode}_`, operator: 'slo_' }[kind];
  const random = base62(BigInt(`0x${Buffer.from(randomBytes(RANDOM_BYTES)).toString('hex')}`), RANDOM_CHARACTERS);
  const token = `${lead}${random}${checksum(`${lead}${random}`)}`;
  return { token, hash: hashOf(token), prefix: `${lead}${random.slice(0, SHOWN_CHARACTERS)}` };
};

/** SHA-256 of the token; only this hash is stored. Null when the form or the checksum is wrong. */
export const hashToken = (token: string): Uint8Array | null => {
  if (!TOKEN.test(token)) return null;
  return checksum(token.slice(0, -CHECK_CHARACTERS)) === token.slice(-CHECK_CHARACTERS) ? hashOf(token) : null;
};

const hashOf = (token: string): Uint8Array => sha256(Buffer.from(token));

const checksum = (text: string): string => base62(BigInt(crc32(text)), CHECK_CHARACTERS);

const base62 = (value: bigint, characters: number): string => {
  let text = '';
  for (let rest = value; text.length < characters; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text;
  return text;
};
