import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { membershipBytes, permissionsOfMembership, roleBytes, type SealedMembership } from '../../domain/membership.js';
import type { Permission } from '../../domain/permissions.js';

/** Who holds what by a membership that a process can judge. A hash stands for the authenticator: what counts here is which bytes it is over. */

const seal = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const isAuthentic = (bytes: Uint8Array, authenticator: Uint8Array): boolean => Buffer.from(seal(bytes)).equals(authenticator);

const word = fc.oneof(fc.constantFrom('', 'a', 'b', 'a,b', '["a"]', 'owner'), fc.string());
const membership = fc.record({ tenantId: word, personId: word, roles: fc.array(word, { maxLength: 3 }), disabled: fc.boolean(), eventId: word });
const role = fc.record({ tenantId: word, name: word, permissions: fc.array(word as fc.Arbitrary<Permission>, { maxLength: 3 }), eventId: word });

describe('the canonical form', () => {
  test('is another one for every other membership and every other role', () => {
    fc.assert(
      fc.property(membership, membership, (one, other) => {
        expect(Buffer.from(membershipBytes(one)).equals(membershipBytes(other))).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
    fc.assert(
      fc.property(role, role, (one, other) => {
        expect(Buffer.from(roleBytes(one)).equals(roleBytes(other))).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  test('changes with each of its fields alone', () => {
    const fields = ['tenantId', 'personId', 'roles', 'disabled', 'eventId'] as const;
    fc.assert(
      fc.property(membership, membership, fc.constantFrom(...fields), (one, other, field) => {
        fc.pre(JSON.stringify(one[field]) !== JSON.stringify(other[field]));
        expect(Buffer.from(membershipBytes({ ...one, [field]: other[field] })).equals(membershipBytes(one))).toBe(false);
      }),
    );
    fc.assert(
      fc.property(role, role, fc.constantFrom(...(['tenantId', 'name', 'permissions', 'eventId'] as const)), (one, other, field) => {
        fc.pre(JSON.stringify(one[field]) !== JSON.stringify(other[field]));
        expect(Buffer.from(roleBytes({ ...one, [field]: other[field] })).equals(roleBytes(one))).toBe(false);
      }),
    );
  });

  test('of a membership is none of a role', () => {
    fc.assert(fc.property(membership, role, (one, other) => expect(Buffer.from(membershipBytes(one)).equals(roleBytes(other))).toBe(false)));
  });
});

describe('what a membership allows', () => {
  const said = { tenantId: 't', personId: 'p', roles: ['auditor', 'payer'], disabled: false, eventId: 'e1' };
  const payer = { tenantId: 't', name: 'payer', permissions: ['gates.execute'] as Permission[], eventId: 'e2' };
  const defined = (over: Partial<typeof payer> = {}, sealed: Partial<typeof payer> = over) => {
    const { name, permissions, eventId } = { ...payer, ...over };
    return { name, permissions, eventId, authenticator: seal(roleBytes({ ...payer, ...sealed })) };
  };
  const sealed = (over: Partial<SealedMembership> = {}): SealedMembership => ({
    ...said,
    authenticator: seal(membershipBytes(said)),
    defined: [defined()],
    ...over,
  });
  const allowed = (over: Partial<SealedMembership> = {}) => permissionsOfMembership(isAuthentic, sealed(over));

  test('is what its roles allow, of either kind; nothing while it is disabled', () => {
    expect(allowed()).toEqual(expect.arrayContaining(['audit.read', 'gates.execute']));
    const disabled = { ...said, disabled: true };
    expect(allowed({ disabled: true, authenticator: seal(membershipBytes(disabled)) })).toEqual([]);
  });

  test.each<[string, Partial<SealedMembership>]>([
    ['other roles', { roles: ['owner', 'payer'] }],
    ['a role less', { roles: ['payer'] }],
    ['another person', { personId: 'q' }],
    ['another workspace', { tenantId: 'u' }],
    ['an end of its disabling', { authenticator: seal(membershipBytes({ ...said, disabled: true })) }],
    ['another event', { eventId: 'e2' }],
    ['no event', { eventId: null }],
    ['no authenticator', { authenticator: null }],
    ['a role that allows more', { defined: [defined({ permissions: ['gates.execute', 'gates.approve'] }, {})] }],
    ['a role of another name', { defined: [defined({ name: 'payer' }, { name: 'other' })] }],
    ['a role of another workspace', { defined: [defined({}, { tenantId: 'u' })] }],
    ['a role without an authenticator', { defined: [{ ...defined(), authenticator: null }] }],
    ['a role without an event', { defined: [{ ...defined(), eventId: null }] }],
    ['a role that is not there', { defined: [] }],
  ])('with %s is nothing at all', (_what, over) => {
    expect(allowed(over)).toBeNull();
  });
});
