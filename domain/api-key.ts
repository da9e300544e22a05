import { isIn } from './network.js';
import { KEY_SCOPES, type Permission } from './permissions.js';

/** How long a rotated key may go on at most, s. */
export const GRACE_SECONDS_MAX = 86_400;

/** The parts of a key that decide whether it still works. */
export interface KeyLife {
  expiresAt: Date | null;
  revokedAt: Date | null;
  /** When another key took its place. */
  rotatedAt: Date | null;
  /** When it was suspended; null when it is not, or when somebody has resumed it. */
  suspendedAt: Date | null;
}

/**
 * `active` and `ending` keys work; an `ending` one was rotated, and works until its grace is over. A `suspended` one works again when somebody
 * resumes it.
 */
export const KEY_STATES = ['active', 'ending', 'suspended', 'rotated', 'revoked', 'expired'] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** What a key may do now: of its scopes those that keys may hold at all and that its owner holds at this moment. */
export const keyPermissions = (scopes: readonly Permission[], ownersNow: readonly Permission[]): Permission[] =>
  scopes.filter((scope) => KEY_SCOPES.includes(scope) && ownersNow.includes(scope));

/** The state of a key at a time of the database's clock. A key ends at `expiresAt` itself. */
export const keyState = ({ expiresAt, revokedAt, rotatedAt, suspendedAt }: KeyLife, now: Date): KeyState => {
  if (revokedAt) return 'revoked';
  if (expiresAt !== null && expiresAt <= now) return rotatedAt ? 'rotated' : 'expired';
  if (suspendedAt) return 'suspended';
  return rotatedAt ? 'ending' : 'active';
};

/** When a key ends that is rotated now: after the grace, and never later than it would have ended anyway. */
export const endOfRotated = ({ expiresAt }: Pick<KeyLife, 'expiresAt'>, now: Date, graceSeconds: number): Date => {
  const end = new Date(now.getTime() + graceSeconds * 1_000);
  return expiresAt && expiresAt < end ? expiresAt : end;
};

/**
 * Whether a key may be used from an address. A key without a list may be used from everywhere; one with a list never from an address that is
 * not known.
 */
export const mayBeUsedFrom = (allowedNetworks: readonly string[], address: string | null): boolean =>
  allowedNetworks.length === 0 || (address !== null && isIn(allowedNetworks, address));
