import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { type PaymentOutcome, unknownOutcome } from '../../domain/item/evidence.js';
import type { Rail } from '../../operations/rail.js';
import type { Declare } from './conformance/declare.js';
import { provesFencing } from './conformance/fencing.js';
import { provesSending } from './conformance/kit.js';
import { provesListing } from './conformance/listing.js';
import { provesLookingUp } from './conformance/looking-up.js';
import type { RailUnderTest } from './conformance/rail-under-test.js';
import { provesStrangeAnswers } from './conformance/strange-answers.js';
import { openSandbox, type SandboxUnderTest } from './sandbox-under-test.js';

/** Adapters that would lose or double money. The kit has to refuse each of them, or it proves nothing about the right one. */

jest.setTimeout(60_000);

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await openSandbox();
});
afterEach(() => sandbox.provider.call('POST', '/control/faults', {}));
afterAll(() => sandbox?.close());

type Proof = (ready: () => RailUnderTest, settings: Record<string, string | number>, check: Declare) => void;

interface Wrong {
  what: string;
  /** The right rail, spoilt. */
  spoil: (right: Rail) => Rail;
  /** The part of the kit that refuses it, and the beginning of the check's name. */
  proof: Proof;
  check: string;
  settings?: Record<string, string | number>;
}

const outcomesBy = (change: (outcome: PaymentOutcome) => PaymentOutcome): Wrong['spoil'] => {
  return (right) => ({ ...right, send: async (...call) => (await right.send(...call)).map(change) });
};
const findsBy = (change: (outcome: PaymentOutcome) => PaymentOutcome): Wrong['spoil'] => {
  return (right) => ({
    ...right,
    lookup: async (...call) =>
      (await right.lookup(...call)).map((lookup) =>
        lookup.answer.kind === 'found' ? { ...lookup, answer: { kind: 'found', outcome: change(lookup.answer.outcome) } } : lookup,
      ),
  });
};
const paid = (key: string): PaymentOutcome => ({ ...unknownOutcome(key, ''), outcome: 'paid', rank: 1, reason: null });
const failed = (outcome: PaymentOutcome): PaymentOutcome => ({ ...outcome, outcome: 'failed', rank: 1 });

/** Looks at the signal before the first call, and never again. */
const checksOnce: Wrong['spoil'] = (right) => ({
  ...right,
  send: async (connection, artefact, sending) =>
    right.send(connection, artefact, sending.signal.aborted ? sending : { ...sending, signal: new AbortController().signal }),
});

const WRONG: readonly Wrong[] = [
  { what: 'checks the signal only once, in bulk', spoil: checksOnce, proof: provesSending, check: 'a lease that ends in the middle' },
  {
    what: 'checks the signal only once, one by one',
    spoil: checksOnce,
    proof: provesSending,
    check: 'a lease that ends in the middle',
    settings: { endpoint: 'single' },
  },
  ...(['bulk', 'single'] as const).map(
    (endpoint): Wrong => ({
      what: `calls a 4xx failed that its table does not have, ${endpoint}`,
      spoil: outcomesBy((outcome) => (/^http_4|^never_heard_of$/.test(outcome.reason ?? '') ? failed(outcome) : outcome)),
      proof: provesStrangeAnswers,
      check: 'a refusal that the rail’s table does not have',
      settings: { endpoint },
    }),
  ),
  {
    what: 'calls only an unknown 422 failed',
    spoil: outcomesBy((outcome) => (outcome.reason === 'never_heard_of' ? failed(outcome) : outcome)),
    proof: provesStrangeAnswers,
    check: 'a refusal that the rail’s table does not have',
    settings: { endpoint: 'single' },
  },
  {
    what: 'finds everything paid, also what nobody knows',
    spoil: (right) => ({ ...right, lookup: async (_, keys) => keys.map((key) => ({ key, answer: { kind: 'found', outcome: paid(key) } })) }),
    proof: provesLookingUp,
    check: 'absence is final only',
  },
  {
    what: 'finds paid whatever the provider has',
    spoil: findsBy((outcome) => ({ ...outcome, outcome: 'paid' })),
    proof: provesLookingUp,
    check: 'a lookup says what became of each payment',
  },
  {
    what: 'states a constant amount in its answers',
    spoil: outcomesBy((outcome) => ({ ...outcome, amount: outcome.amount === null ? null : 1250n })),
    proof: provesSending,
    check: 'every payment gets its own outcome',
  },
  {
    what: 'states a constant amount in its lookups',
    spoil: findsBy((outcome) => ({ ...outcome, amount: 1250n })),
    proof: provesLookingUp,
    check: 'a lookup states the amount and currency',
  },
  {
    what: 'takes its own call for the provider’s word in a fence',
    spoil: (right) => ({ ...right, fence: async (_, keys) => keys.map((key) => ({ key, answer: 'fenced' })) }),
    proof: provesFencing,
    check: 'no answer is no fence',
  },
  {
    what: 'takes no answer for an empty list',
    spoil: (right) => ({ ...right, listSince: async () => ({ outcomes: [], next: null }) }),
    proof: provesListing,
    check: 'no answer is not an empty list',
  },
];

/** Runs the checks of a part of the kit whose name begins like this; whether each of them holds. */
const run = async ({ proof, check, settings = { endpoint: 'bulk' } }: Wrong, rail: Rail): Promise<boolean[]> => {
  const checks: Parameters<Declare>[1][] = [];
  const tested = sandbox.under(rail);
  proof(
    () => tested,
    settings,
    (name, body) => {
      if (name.startsWith(check)) checks.push(body);
    },
  );
  const holds: boolean[] = [];
  for (const body of checks) {
    holds.push(
      await Promise.resolve()
        .then(body)
        .then(
          () => true,
          () => false,
        ),
    );
    await tested.misbehave('none');
  }
  return holds;
};

test.each(WRONG.map((wrong) => [wrong.what, wrong] as const))('an adapter that %s is refused', async (_, wrong) => {
  const [refused, taken] = [await run(wrong, wrong.spoil(sandbox.rail)), await run(wrong, sandbox.rail)];
  expect(taken.length).toBeGreaterThan(0);
  expect(taken).toEqual(taken.map(() => true));
  expect(refused).toContain(false);
});
