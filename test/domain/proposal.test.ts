import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Actor } from '../../domain/actors.js';
import { EXCEPTION_KINDS, type ExceptionKind, kindRow, RESOLUTIONS, type Resolution } from '../../domain/exceptions.js';
import { type Sha256, toHex } from '../../domain/hashing.js';
import { KEY_SCOPES, PERMISSIONS, type Permission, ROLES } from '../../domain/permissions.js';
import {
  type ConfirmationContent,
  confirmationBytes,
  mayFailFrom,
  PROPOSAL_ITEMS_MAX,
  PROPOSAL_STATES,
  type ProposalChallengeBinding,
  type ProposalContent,
  proposalChallengeBytes,
  proposalDigest,
  refusalToConfirm,
  refusalToPropose,
} from '../../domain/proposal.js';

const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const content: ProposalContent = {
  id: 'proposal',
  tenantId: 'tenant',
  exceptionId: 'exception',
  kind: 'unknown_key_expired',
  batchId: 'batch',
  choice: 'provider_paid',
  reason: 'The provider says so',
  proposedBy: 'ann',
  items: [
    { ordinal: 1, amount: 1_000n, providerReference: 'po_1' },
    { ordinal: 2, amount: 250n, providerReference: null },
  ],
};

describe('the digest of a proposal', () => {
  test('is of one fixed form', () => {
    const lines = '[1,"1000","po_1"]\n[2,"250",null]\n';
    const form = `{"batch_id":"batch","choice":"provider_paid","domain":"sluice-proposal-v1","exception_id":"exception","item_count":2,"items_sha256":"${hashOf(lines)}","kind":"unknown_key_expired","proposal_id":"proposal","proposed_by":"ann","reason_sha256":"${hashOf(content.reason)}","tenant_id":"tenant","total":"1250"}`;
    expect(toHex(proposalDigest(sha256, content))).toBe(hashOf(form));
  });

  test('says everything: any change of any member changes it, and the order in which items come does not', () => {
    const digest = (over: Partial<ProposalContent> = {}) => toHex(proposalDigest(sha256, { ...content, ...over }));
    const [first, second] = content.items as [ProposalContent['items'][number], ProposalContent['items'][number]];
    const changes: Partial<ProposalContent>[] = [
      ...(['id', 'tenantId', 'exceptionId', 'batchId', 'reason', 'proposedBy'] as const).map((member) => ({ [member]: `${content[member]}x` })),
      { kind: 'unknown_rendering_changed' },
      { choice: 'provider_never_got' },
      { batchId: null },
      { items: [first] },
      { items: [] },
      { items: [{ ...first, ordinal: 3 }, second] },
      { items: [{ ...first, amount: 1_001n }, second] },
      { items: [{ ...first, providerReference: 'po_2' }, second] },
      { items: [{ ...first, providerReference: null }, second] },
      // The sum stays the same.
      {
        items: [
          { ...first, amount: 999n },
          { ...second, amount: 251n },
        ],
      },
    ];
    const digests = changes.map(digest);
    expect(new Set([digest(), ...digests]).size).toBe(changes.length + 1);
    expect(digest({ items: [second, first] })).toBe(digest());
  });
});

/** Every member of it changes the bytes. */
const saysAll = <Content extends object>(bytesOf: (content: Content) => Uint8Array, given: Content): void => {
  for (const [member, value] of Object.entries(given)) {
    const other = typeof value === 'number' ? value + 1 : typeof value === 'string' ? `${value}x` : Uint8Array.of(0xac);
    expect(textOf(bytesOf({ ...given, [member]: other }))).not.toBe(textOf(bytesOf(given)));
  }
};

test('the canonical form of its challenge is fixed, and says everything', () => {
  const binding: ProposalChallengeBinding = {
    ...{ challengeId: 'challenge', tenantId: 'tenant', personId: 'person', proposalId: 'proposal' },
    ...{ digest: Uint8Array.of(0xab), expiresAt: '2026-05-04T12:00:00Z' },
  };
  expect(textOf(proposalChallengeBytes(binding))).toBe(
    '{"challenge_id":"challenge","digest":"ab","domain":"sluice-proposal-challenge-v1","expires_at":"2026-05-04T12:00:00Z","person_id":"person","proposal_id":"proposal","tenant_id":"tenant"}',
  );
  saysAll(proposalChallengeBytes, binding);
});

test('the canonical form of its confirmation is fixed, and says everything', () => {
  const confirmation: ConfirmationContent = {
    ...{ tenantId: 'tenant', proposalId: 'proposal', personId: 'person', challengeId: 'challenge', factorId: 'factor' },
    ...{ timeStep: 2, digest: Uint8Array.of(0xab), eventId: 'event' },
  };
  expect(textOf(confirmationBytes(confirmation))).toBe(
    '{"challenge_id":"challenge","digest":"ab","domain":"sluice-confirmation-v1","event_id":"event","factor_id":"factor","person_id":"person","proposal_id":"proposal","tenant_id":"tenant","time_step":2}',
  );
  saysAll(confirmationBytes, confirmation);
});

const KINDS = Object.keys(EXCEPTION_KINDS) as ExceptionKind[];
const CHOICES = Object.keys(RESOLUTIONS) as Resolution[];
const person: fc.Arbitrary<string> = fc.constantFrom('ann', 'bob', 'cy');
const actor: fc.Arbitrary<Actor> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ type: fc.constant('user' as const), personId: person, sessionId: fc.constant('s'), roles: fc.constant([]) },
      permissions: fc.subarray<Permission>(['exceptions.propose', 'exceptions.confirm', 'batches.read']),
    }),
  },
  fc.record({ type: fc.constant('api_key' as const), keyId: fc.constant('k'), ownerPersonId: person, scopes: fc.constant(PERMISSIONS) }),
  fc.record({ type: fc.constant('agent' as const), agentId: fc.constant('a'), ownerPersonId: person, scopes: fc.constant(PERMISSIONS) }),
  fc.record({
    ...{ type: fc.constant('support_impersonator' as const), operatorId: fc.constant('o'), personId: person },
    ...{ roles: fc.constant(['owner']), permissions: fc.constant(ROLES.owner) },
  }),
);
const preparers = fc.array(person, { maxLength: 2 });

describe('a proposal is made', () => {
  test('by a person who may, to end the kind as it ends, and by no preparer where it takes two', () => {
    fc.assert(
      fc.property(actor, fc.constantFrom(...KINDS), fc.constantFrom(...CHOICES), preparers, (who, kind, choice, prepared) => {
        const allowed =
          who.type === 'user' &&
          who.permissions.includes('exceptions.propose') &&
          kindRow(kind).resolutions.includes(choice) &&
          (RESOLUTIONS[choice].people === 1 || !prepared.includes(who.personId));
        expect(refusalToPropose({ actor: who, kind, choice, preparers: prepared }) === null).toBe(allowed);
      }),
      { numRuns: 5_000 },
    );
  });

  const user: Actor = { type: 'user', personId: 'ann', sessionId: 's', roles: [], permissions: ['exceptions.propose'] };
  const question = { actor: user, kind: 'unknown_key_expired', choice: 'provider_paid', preparers: [] as string[] } as const;

  test.each<[Partial<Parameters<typeof refusalToPropose>[0]>, string, string | RegExp]>([
    [
      { actor: { type: 'api_key', keyId: 'k', ownerPersonId: 'ann', scopes: KEY_SCOPES } },
      'proposal_needs_person',
      'A api key cannot propose how an exception ends; sign in as a person.',
    ],
    [
      { actor: { ...user, permissions: [] } },
      'forbidden',
      'None of your roles has exceptions.propose; an approver, an authorizer, an executor or an admin may.',
    ],
    [{ choice: 'made_good' }, 'choice_not_allowed', 'An exception unknown_key_expired ends by provider_paid or provider_never_got or keep_asking.'],
    [{ kind: 'provider_unavailable' }, 'choice_not_allowed', 'An exception provider_unavailable ends by itself, when what it reports is over.'],
    [{ preparers: ['ann'] }, 'preparer_cannot_settle', /^You prepared this batch; two other people have to settle .*\.$/],
  ])('%j is refused as %s', (change, code, detail) => {
    expect(refusalToPropose(question)).toBeNull();
    const says = typeof detail === 'string' ? detail : expect.stringMatching(detail);
    expect(refusalToPropose({ ...question, ...change })).toEqual({ code, detail: says });
  });
});

describe('a proposal is confirmed', () => {
  test('by a second person who may and prepared nothing, while it waits', () => {
    fc.assert(
      fc.property(actor, fc.constantFrom(...PROPOSAL_STATES), person, preparers, (who, state, proposedBy, prepared) => {
        const allowed =
          who.type === 'user' &&
          who.permissions.includes('exceptions.confirm') &&
          state === 'proposed' &&
          who.personId !== proposedBy &&
          !prepared.includes(who.personId);
        expect(refusalToConfirm({ actor: who, state, proposedBy, preparers: prepared }) === null).toBe(allowed);
      }),
      { numRuns: 5_000 },
    );
  });

  const user: Actor = { type: 'user', personId: 'bob', sessionId: 's', roles: [], permissions: ['exceptions.confirm'] };
  const question = { actor: user, state: 'proposed', proposedBy: 'ann', preparers: [] as string[] } as const;

  test.each<[Partial<Parameters<typeof refusalToConfirm>[0]>, object]>([
    [
      { actor: { type: 'support_impersonator', operatorId: 'o', personId: 'bob', roles: ['owner'], permissions: ROLES.owner } },
      { code: 'proposal_needs_person', detail: 'A support impersonator cannot confirm a proposal; sign in as a person.' },
    ],
    [
      { actor: { ...user, permissions: ['exceptions.propose'] } },
      { code: 'forbidden', detail: 'None of your roles has exceptions.confirm; an approver, an authorizer or an admin may.' },
    ],
    ...PROPOSAL_STATES.filter((state) => state !== 'proposed').map((state): [{ state: typeof state }, object] => [
      { state },
      { code: 'proposal_closed', detail: `The proposal is ${state}; read it to see what became of it.`, extra: { state } },
    ]),
    [{ proposedBy: 'bob' }, { code: 'proposal_same_person', detail: 'You proposed this; a second person has to confirm it.' }],
    [{ preparers: ['cy', 'bob'] }, { code: 'preparer_cannot_settle', detail: expect.stringMatching(/^You prepared this batch;/) }],
  ])('%j is refused', (change, refusal) => {
    expect(refusalToConfirm(question)).toBeNull();
    expect(refusalToConfirm({ ...question, ...change })).toEqual(refusal);
  });

  test('waits first, and ends in one of four ways; it has ten thousand items at most', () => {
    expect(PROPOSAL_STATES).toEqual(['proposed', 'confirmed', 'applied', 'refused', 'withdrawn']);
    expect(PROPOSAL_ITEMS_MAX).toBe(10_000);
  });
});

describe('that the provider never got a payment may be said', () => {
  const at = (seconds: number): Date => new Date(Date.UTC(2026, 4, 4) + seconds * 1_000);
  const rail = { keyTtlMs: 100_000, acceptanceWindowMs: 20_000, timeoutMs: 5_000 };

  test('never, when nothing was sent', () => expect(mayFailFrom([], rail)).toBeNull());

  test('once the key has ended, which lives from the first dispatch', () => {
    const dispatches = [
      { sentFrom: at(30), leaseUntil: at(40) },
      { sentFrom: at(10), leaseUntil: at(20) },
    ];
    expect(mayFailFrom(dispatches, rail)).toEqual(at(110));
  });

  test('and once the last bytes that could have left are too late to be taken in', () => {
    const dispatches = [
      { sentFrom: at(10), leaseUntil: at(20) },
      { sentFrom: at(80), leaseUntil: at(90) },
      { sentFrom: at(40), leaseUntil: at(50) },
    ];
    expect(mayFailFrom(dispatches, rail)).toEqual(at(90 + 5 + 20));
  });
});
