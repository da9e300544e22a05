import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { raiseException } from '../../operations/exception/raise.js';
import type { Stores } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';

/** What the database refuses of the end of doubt, whatever code asks it in the API's role (R18). */

let world: World;
let first: Person;
beforeAll(async () => {
  world = await openWorld();
  first = await world.person('admin');
}, 120_000);
afterAll(() => world?.close());

const api = <T>(work: (stores: Stores) => Promise<T>, who = first) => world.as(who).inTenant(work);
const refusal = (work: (stores: Stores) => Promise<unknown>, who = first): Promise<string> =>
  api(work, who).then(
    () => 'taken',
    (error: Error) => error.message,
  );

/** A proposal as the API stores it, on a batch of its own. */
const proposed = async (choice: 'provider_never_got' | 'keep_asking' = 'provider_never_got', state: 'proposed' | 'confirmed' = 'proposed') => {
  const batch = await world.batch();
  const worker = world.worker();
  const raised = await worker.inTenant((stores) => raiseException(worker, stores, { kind: 'unknown_key_expired', batchId: batch.id, ordinals: [0] }));
  const row = {
    ...{ id: systemEntropy.newId(), exceptionId: raised.id, batchId: batch.id, choice, state, reason: 'gone', digest: randomBytes(32) },
    ...{ itemCount: 1, total: 600n, proposedBy: first.id },
  };
  return {
    row,
    batchId: batch.id,
    insert: (stores: Stores) => stores.proposals.insert(row, [{ ordinal: 0, amount: 600n, providerReference: null }]),
  };
};

interface Over {
  personId?: string;
  factorId?: string;
  used?: boolean;
  consumed?: boolean;
  preparer?: string;
}

/** All that a confirmation needs, with `over` in place of some of it. */
const confirming = async (overFor: (second: Person, third: Person) => Over = () => ({})) => {
  const [second, third] = [await world.person('authorizer'), await world.person('executor')];
  const over = overFor(second, third);
  const { row, batchId, insert } = await proposed();
  const personId = over.personId ?? second.id;
  const challenge = { id: systemEntropy.newId(), proposalId: row.id, personId, digest: row.digest, expiresAt: new Date(Date.now() + 60_000) };
  const step = Math.floor(Date.now() / 30_000);
  // Whose factor is used up acts: nobody sees another's (ADR 0064).
  const acting = [first, second, third].find((one) => one.factorId === (over.factorId ?? second.factorId));
  return refusal(async (stores) => {
    await insert(stores);
    if (over.preparer) await stores.batches.addPreparer(batchId, over.preparer, 'edit');
    await stores.proposals.insertChallenge(challenge);
    if (over.used !== false) await stores.proposals.markChallengeUsed(challenge.id);
    const factorId = over.factorId ?? second.factorId;
    if (over.consumed !== false) await stores.factors.consumeStep(factorId, step, 'session');
    await stores.proposals.confirm({
      ...{ proposalId: row.id, personId, challengeId: challenge.id, factorId, timeStep: step },
      ...{ digest: row.digest, eventId: systemEntropy.newId(), authenticator: randomBytes(32) },
    });
    await stores.proposals.move(row.id, 'confirmed');
  }, acting);
};

test('a second person with a used challenge and a used code confirms', async () => {
  expect(await confirming()).toBe('taken');
});

test.each([
  ['who proposed', (): Over => ({ personId: first.id, factorId: first.factorId }), 'who proposed does not confirm'],
  ['a preparer as the second person', (second: Person): Over => ({ preparer: second.id }), 'a preparer settles no doubt'],
  ['a preparer as the first person', (): Over => ({ preparer: first.id }), 'a preparer settles no doubt'],
  ['without a used challenge', (): Over => ({ used: false }), 'needs its own used challenge'],
  ['without a code that was used up', (): Over => ({ consumed: false }), 'own factor'],
  ['who may not confirm', (_second: Person, third: Person): Over => ({ personId: third.id, factorId: third.factorId }), 'holds exceptions.confirm'],
  ['with the code of somebody else', (_second: Person, third: Person): Over => ({ factorId: third.factorId }), 'own factor'],
])('%s: refused', async (_who, over, why) => {
  expect(await confirming(over)).toContain(why);
});

test('a proposal that nobody has confirmed is neither made nor moved to confirmed; one that moves nothing is', async () => {
  const made = await proposed('provider_never_got', 'confirmed');
  expect(await refusal(made.insert)).toContain('confirmed by a second person');
  const waiting = await proposed();
  await api(waiting.insert);
  expect(await refusal((stores) => stores.proposals.move(waiting.row.id, 'confirmed'))).toContain('confirmed by a second person');
  const harmless = await proposed('keep_asking', 'confirmed');
  expect(await refusal(harmless.insert)).toBe('taken');
});

test('the API carries nothing out, and the worker confirms nothing', async () => {
  const { row, insert } = await proposed('keep_asking', 'confirmed');
  await api(insert);
  expect(await refusal((stores) => stores.proposals.move(row.id, 'applied'))).toMatch(/row-level security|permission denied/);
  const waiting = await proposed('keep_asking');
  await api(waiting.insert);
  const worker = world.worker().inTenant((stores) => stores.proposals.move(waiting.row.id, 'confirmed'));
  await expect(worker).rejects.toThrow(/row-level security|permission denied/);
});
