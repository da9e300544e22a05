import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { permissionsOf } from '../../domain/actors.js';
import {
  endOfRotated,
  GRACE_SECONDS_MAX,
  KEY_STATES,
  type KeyLife,
  type KeyState,
  keyPermissions,
  keyState,
  mayBeUsedFrom,
} from '../../domain/api-key.js';
import { KEY_SCOPES, PERMISSIONS } from '../../domain/permissions.js';

const permissions = fc.subarray([...PERMISSIONS]);
const time = fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });
const life: fc.Arbitrary<KeyLife> = fc.record({ expiresAt: fc.option(time), revokedAt: fc.option(time), rotatedAt: fc.option(time) });

test('a key holds what it was given, what its owner holds now, and what keys may hold: never more than any of them [S2-13] [S2-20]', () => {
  fc.assert(
    fc.property(permissions, permissions, (scopes, owned) => {
      const held = keyPermissions(scopes, owned);
      for (const permission of PERMISSIONS)
        expect(held.includes(permission)).toBe(scopes.includes(permission) && owned.includes(permission) && KEY_SCOPES.includes(permission));
      expect(permissionsOf({ type: 'api_key', keyId: 'k', ownerPersonId: 'p', scopes: held })).toEqual(held);
    }),
  );
});

test('a key that its owner outgrows gains nothing, and one whose owner loses all holds nothing', () => {
  expect(keyPermissions(['batches.read'], PERMISSIONS)).toEqual(['batches.read']);
  expect(keyPermissions(['batches.read'], [])).toEqual([]);
});

test('a key works as long as it is neither revoked nor over', () => {
  fc.assert(
    fc.property(life, time, (key, now) => {
      const works = key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now);
      const state = keyState(key, now);
      expect(['active', 'ending'].includes(state)).toBe(works);
      // Only what was never rotated is active, so that a key is rotated once.
      if (state === 'active') expect(key.rotatedAt).toBeNull();
    }),
  );
});

/** Seconds from now, and the state that follows. */
const STATES: [Partial<Record<keyof KeyLife, number>>, KeyState][] = [
  [{}, 'active'],
  [{ expiresAt: 1 }, 'active'],
  [{ expiresAt: 0 }, 'expired'],
  [{ rotatedAt: -1, expiresAt: 1 }, 'ending'],
  [{ rotatedAt: -1, expiresAt: 0 }, 'rotated'],
  [{ rotatedAt: -1, expiresAt: 1, revokedAt: -1 }, 'revoked'],
  [{ revokedAt: 0 }, 'revoked'],
];

test('a key is in one of five states, and each of them is reached', () => {
  expect([...KEY_STATES].sort()).toEqual([...new Set(STATES.map(([, state]) => state))].sort());
});

test.each(STATES)('%j seconds from now: %s', (seconds, state) => {
  const now = new Date('2030-01-01');
  const at = (member: keyof KeyLife) => {
    const away = seconds[member];
    return away === undefined ? null : new Date(now.getTime() + away * 1_000);
  };
  expect(keyState({ expiresAt: at('expiresAt'), revokedAt: at('revokedAt'), rotatedAt: at('rotatedAt') }, now)).toBe(state);
});

test('a rotated key ends after its grace, and never later than it would have', () => {
  fc.assert(
    fc.property(fc.option(time), time, fc.integer({ min: 0, max: GRACE_SECONDS_MAX }), (expiresAt, now, grace) => {
      const end = endOfRotated({ expiresAt }, now, grace);
      expect(end.getTime()).toBe(Math.min(now.getTime() + grace * 1_000, expiresAt?.getTime() ?? Number.POSITIVE_INFINITY));
    }),
  );
});

test('a key with networks is used from them alone, and from no address that is not known [S3-17]', () => {
  expect(mayBeUsedFrom([], null)).toBe(true);
  expect(mayBeUsedFrom([], '203.0.113.7')).toBe(true);
  expect(mayBeUsedFrom(['203.0.113.0/24'], '203.0.113.7')).toBe(true);
  expect(mayBeUsedFrom(['203.0.113.0/24'], '198.51.100.7')).toBe(false);
  expect(mayBeUsedFrom(['203.0.113.0/24'], null)).toBe(false);
});
