import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PayeeInput } from '../../operations/payee/details.js';
import { type EnsuredPayee, ensurePayees } from '../../operations/payee/ensure.js';
import { decidePayees } from '../../operations/payee/plan.js';
import type { Stores } from '../../operations/ports.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';

const TOKENS = ['acct_one', 'acct_two', 'acct_three'] as const;

let world: World;
let preparer: Person;
let names = 0;
beforeAll(async () => {
  world = await openWorld();
  preparer = await world.person('preparer', [world.home.tenantId]);
});
afterAll(() => world?.close());

const ctx = () => world.as(preparer);
const ensure = async (inputs: readonly PayeeInput[]) => {
  const own = ctx();
  return own.inTenant((stores) => ensurePayees(own, stores, inputs));
};
const ensured = async (inputs: readonly PayeeInput[]): Promise<EnsuredPayee[]> =>
  (await ensure(inputs)).map((answer) => {
    if ('errors' in answer) throw new Error(JSON.stringify(answer.errors));
    return answer;
  });
const fresh = () => {
  names += 1;
  return `creator-${names}`;
};
const inline = (reference: string, more: Partial<NonNullable<PayeeInput['payee']>> = {}): PayeeInput => ({
  payee: { reference, name: 'Ada', country: 'DE', account_token: TOKENS[0], ...more },
});
const versionsOf = async (payeeId: string) => (await world.destinationsOf(payeeId)).length;

/** Counts the calls of store methods. */
const counted = (stores: Stores) => {
  let calls = 0;
  const count = <T extends object>(store: T): T =>
    new Proxy(store, {
      get: (target, name, receiver) => {
        const member = Reflect.get(target, name, receiver);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          calls += 1;
          return Reflect.apply(member, target, given);
        };
      },
    });
  return { stores: { ...stores, payees: count(stores.payees), keys: count(stores.keys) }, calls: () => calls };
};

describe('payees of a batch', () => {
  test('are made once, matched by reference, and get a version when their details differ from the newest', async () => {
    const reference = fresh();
    const [made] = await ensured([inline(reference)]);
    const [same] = await ensured([inline(reference)]);
    const [named] = await ensured([{ payee: { reference } }]);
    const [byId] = await ensured([{ payee_id: made?.payeeId ?? '' }]);
    expect(made?.made).toBe('payee');
    for (const other of [same, named, byId]) expect(other).toEqual({ ...made, made: 'nothing' });
    const [moved] = await ensured([inline(reference, { account_token: TOKENS[1] })]);
    const [renamed] = await ensured([{ payee: { reference, name: 'Grace' } }]);
    expect([moved?.made, renamed?.made]).toEqual(['destination', 'destination']);
    expect(new Set([made, moved, renamed].map((one) => one?.payeeId)).size).toBe(1);
    expect(new Set([made, moved, renamed].map((one) => one?.destinationId)).size).toBe(3);
    expect(await versionsOf(made?.payeeId ?? '')).toBe(3);
  });

  test('behave as a simple model says, whatever comes together in one call', async () => {
    const input = fc.record({
      payee: fc.nat(3),
      token: fc.option(fc.constantFrom(...TOKENS), { nil: undefined }),
      name: fc.option(fc.constantFrom('Ada', 'Grace'), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(input, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }), async (calls) => {
        const references = [fresh(), fresh(), fresh(), fresh()];
        const model = new Map<number, string>();
        const seen = new Map<string, { payeeId: string; destinationId: string }>();
        for (const call of calls) {
          // The first input describes a payee in full; later ones may leave out what is known. A new payee has one name.
          const complete = call.map(({ payee, token, name }) =>
            model.has(payee) ? { payee, token, name } : { payee, token: token ?? TOKENS[0], name: 'Ada' },
          );
          const answers = await ensured(
            complete.map(({ payee, token, name }) => ({
              payee: { reference: references[payee] ?? '', name, country: model.has(payee) ? undefined : 'DE', account_token: token },
            })),
          );
          const start = new Map(model);
          for (const [i, { payee, token, name }] of complete.entries()) {
            const [knownName, knownToken] = (start.get(payee) ?? '/').split('/');
            const version = `${payee}:${name ?? knownName}/${token ?? knownToken}`;
            const answer = answers[i];
            if (!answer) throw new Error('an answer is missing');
            model.set(payee, `${name ?? knownName}/${token ?? knownToken}`);
            const earlier = [...seen.entries()].find(([key]) => key.startsWith(`${payee}:`));
            if (earlier) expect(answer.payeeId).toBe(earlier[1].payeeId);
            seen.set(version, answer);
          }
          // The newest is the last version that this call added, or the one it found.
          for (const payee of new Set(complete.map((one) => one.payee))) {
            const id = answers[complete.findIndex((one) => one.payee === payee)]?.payeeId ?? '';
            const rows = await world.destinationsOf(id);
            const newest = rows.at(-1)?.id;
            const key = [...seen.entries()].find(([, answer]) => answer.destinationId === newest)?.[0];
            if (key === undefined) throw new Error('the newest version was answered to nobody');
            model.set(payee, key.slice(key.indexOf(':') + 1));
          }
          // Equal details in one call are one version, different details are different ones.
          const details = complete.map(({ payee, token, name }) => {
            const [knownName, knownToken] = (start.get(payee) ?? '/').split('/');
            return `${payee}:${name ?? knownName}/${token ?? knownToken}`;
          });
          for (const [i, one] of details.entries())
            for (const [j, other] of details.entries()) expect(answers[i]?.destinationId === answers[j]?.destinationId).toBe(one === other);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('one full description in a call serves all that name the same new reference', async () => {
    const reference = fresh();
    const answers = await ensured([{ payee: { reference } }, inline(reference), { payee: { reference, account_token: TOKENS[1] } }]);
    expect(answers[0]?.destinationId).toBe(answers[1]?.destinationId);
    expect(answers[2]?.destinationId).not.toBe(answers[1]?.destinationId);
    expect(await versionsOf(answers[0]?.payeeId ?? '')).toBe(2);
  });

  test('a new payee has one name in a call, and one type', async () => {
    const reference = fresh();
    const named = await ensure([inline(reference), { payee: { reference, name: 'Another' } }, { payee: { reference, payee_type: 'company' } }]);
    expect(named.map((answer) => ('errors' in answer ? answer.errors.map(({ reason }) => reason) : 'none'))).toEqual([
      [],
      ['name_differs'],
      ['type_differs'],
    ]);
  });

  test('are all made or none: an error anywhere writes nothing, and the check finds the same errors without writing', async () => {
    const [good, known] = [fresh(), fresh()];
    await ensured([inline(known)]);
    const inputs: PayeeInput[] = [
      inline(good),
      inline(fresh(), { name: undefined }),
      inline(fresh(), { account_token: undefined }),
      inline(fresh(), { iban: 'DE89370400440532013000' }),
      inline(known, { country: 'FR' }),
      { payee_id: world.services.entropy.newId() },
      {},
    ];
    const answers = await ensure(inputs);
    const errors = answers.map((answer) => ('errors' in answer ? answer.errors.map(({ field, reason }) => `${field} ${reason}`) : 'none'));
    expect(errors).toEqual([
      [],
      ['name required'],
      ['destination one_destination'],
      ['account_token one_destination'],
      ['country country_differs'],
      ['payee_id not_found'],
      ['payee one_payee'],
    ]);
    const own = ctx();
    const checked = await own.inTenant((stores) => decidePayees(own, stores, inputs, 'check'));
    expect(checked.map((input) => ('errors' in input ? input.errors : []))).toEqual(
      answers.map((answer) => ('errors' in answer ? answer.errors : [])),
    );
    expect(await own.inTenant((stores) => stores.payees.toPay('reference', [good], true))).toEqual([]);
  });

  test('a payee of another workspace is not found by id, and its reference is free', async () => {
    const reference = fresh();
    const [theirs] = await ensured([inline(reference)]);
    const foreign = await world.workspace();
    const elsewhere = world.as(await world.person('preparer', [foreign.tenantId]), foreign);
    const answers = await elsewhere.inTenant((stores) => ensurePayees(elsewhere, stores, [{ payee_id: theirs?.payeeId }]));
    expect(answers).toMatchObject([{ errors: [{ reason: 'not_found' }] }]);
    const [own] = await elsewhere.inTenant((stores) => ensurePayees(elsewhere, stores, [inline(reference)]));
    expect(own).toMatchObject({ made: 'payee' });
  });

  test('of 16 calls at once that share their payees each is made once, and all get the same answer', async () => {
    const references = Array.from({ length: 50 }, fresh);
    const calls = await Promise.all(
      Array.from({ length: 16 }, (_, i) => ensured((i % 2 ? references : [...references].reverse()).map((reference) => inline(reference)))),
    );
    const answered = calls.map((answers, i) =>
      (i % 2 ? answers : [...answers].reverse()).map(({ payeeId, destinationId }) => `${payeeId} ${destinationId}`),
    );
    for (const one of answered) expect(one).toEqual(answered[0]);
    expect(calls.flat().filter(({ made }) => made === 'payee')).toHaveLength(50);
  });

  test('of 16 calls at once that each bring other details, every version is there once', async () => {
    const reference = fresh();
    const [made] = await ensured([inline(reference)]);
    const calls = await Promise.all(Array.from({ length: 16 }, (_, i) => ensured([inline(reference, { name: `Name ${i}` })])));
    expect(new Set(calls.flat().map(({ destinationId }) => destinationId)).size).toBe(16);
    expect(await versionsOf(made?.payeeId ?? '')).toBe(17);
  });

  test('of 2,000 inputs take as many statements as of 20', async () => {
    const run = async (size: number, more: { name?: string } = {}, references = Array.from({ length: size }, fresh)) => {
      const own = ctx();
      const calls = await own.inTenant(async (stores) => {
        const { stores: counting, calls } = counted(stores);
        await ensurePayees(
          own,
          counting,
          references.map((reference) => inline(reference, more)),
        );
        return calls();
      });
      return { calls, references };
    };
    await run(1);
    const [few, many] = [await run(20), await run(2_000)];
    expect(many.calls).toBe(few.calls);
    expect(many.calls).toBeLessThanOrEqual(6);
    expect((await run(2_000, { name: 'Renamed' }, many.references)).calls).toBeLessThanOrEqual(6);
  });
});
