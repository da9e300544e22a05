import { type Refusal, refuse } from './result.js';

/** An authenticator app with codes (RFC 6238), or a passkey (Web Authentication). */
export const FACTOR_KINDS = ['totp', 'passkey'] as const;
export type FactorKind = (typeof FACTOR_KINDS)[number];

/** So many factors a person may have that count. Each one makes a guessed code as much likelier to be right. */
export const FACTORS_MAX = 5;

/** For how many hours a factor decides nothing after it was confirmed, where an installation does not say. */
export const FACTOR_REST_HOURS = 24;

/** A factor that is not confirmed is worth nothing, and after an hour it is forgotten. */
export const PENDING_MS = 60 * 60_000;

/** After so many wrong codes it is forgotten at once. */
export const CONFIRM_FAILURES_MAX = 5;

/** How long a reset waits for its second person. */
export const RESET_MS = 24 * 60 * 60_000;

/** So many recovery codes somebody gets at once. */
export const RECOVERY_CODES = 10;

/** When a factor counts for what. */
export interface Standing {
  confirmedAt: Date | null;
  gatesFrom: Date | null;
  removedAt: Date | null;
}

/** Whether a factor signs in and does what its person may do for themselves. */
export const counts = ({ confirmedAt, removedAt }: Standing): boolean => confirmedAt !== null && removedAt === null;

/** Whether it decides: opens gates, and confirms what others asked for. */
export const decides = (factor: Standing, now: Date): boolean => counts(factor) && factor.gatesFrom !== null && factor.gatesFrom <= now;

/** From when on one of these factors decides; null when none ever does. */
export const decidesFrom = (factors: readonly Standing[]): Date | null => {
  const times = factors.filter(counts).flatMap(({ gatesFrom }) => gatesFrom ?? []);
  return times.length === 0 ? null : new Date(Math.min(...times.map((time) => time.getTime())));
};

/** Why a factor that counts does not decide yet, and from when on it does. */
export const restingRefusal = (from: Date): Refusal =>
  refuse(
    'factor_resting',
    `A new second factor opens no gate and confirms nothing until ${from.toISOString()}. Take an older one, or wait until then.`,
    { extra: { decides_from: from.toISOString() } },
  ).refusal;

/** A code of an authenticator; anything else that the contract lets through is a recovery code. */
export const isOneTimeCode = (code: string): boolean => /^[0-9]{6}$/.test(code);

/** The alphabet of recovery codes: Crockford's base 32, which has none of the letters I, L, O and U. */
export const RECOVERY_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** Of 5 bits each: 100 bits. */
export const RECOVERY_LENGTH = 20;
const GROUP = 5;

/** `7k2mq-…`: in groups of five, as people type it off paper. */
export const groupedRecoveryCode = (bare: string): string => bare.match(new RegExp(`.{${GROUP}}`, 'g'))?.join('-') ?? bare;

/** The bare form of a recovery code as somebody typed it: small letters, no hyphens and blanks, what looks like a digit as that. Null when it is none. */
export const bareRecoveryCode = (typed: string): string | null => {
  const bare = typed.toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');
  const fits = bare.length === RECOVERY_LENGTH && [...bare].every((character) => RECOVERY_ALPHABET.includes(character));
  return fits ? bare : null;
};

/** Why somebody who has as many as anybody may have adds no other. */
export const TOO_MANY_FACTORS: Refusal = refuse(
  'too_many_factors',
  `Nobody has more than ${FACTORS_MAX} second factors. Remove one that you do not use.`,
).refusal;
