import { expect } from '@jest/globals';
import type { PaymentOutcome } from '../../../domain/item/evidence.js';
import type { OpenConnection, Payment, Rail, Sending } from '../../../operations/rail.js';
import { asTest, type Declare } from './declare.js';
import type { Fate, RailUnderTest } from './rail-under-test.js';
import { sendAndDie } from './send-and-die.js';

/** A rail's `release` for tests: everything that a worker hands over beside the artefact. */
export const releaseBy = async (
  { rail }: { rail: Rail },
  connection: OpenConnection,
  payments: readonly Payment[],
  kind: Sending['kind'] = 'first',
  more: Partial<Sending> = {},
): Promise<PaymentOutcome[]> => {
  return rail.send(connection, rail.prepare(payments), { kind, signal: new AbortController().signal, onProgress: () => {}, ...more });
};

let amounts = 1_000n;

/** A payment like no other: an adapter that states a constant is found out. */
export const varied = ({ payment, rail, connection }: RailUnderTest, fate: Fate): Payment => {
  const { currencies } = rail.capabilities(connection({}));
  const choice = currencies === 'any' ? ['EUR', 'CHF', 'USD'] : currencies;
  amounts += 1n;
  const made = payment(fate);
  return { ...made, amount: amounts, currency: choice[Number(amounts % BigInt(choice.length))] ?? made.currency };
};

const words = (outcomes: readonly PaymentOutcome[]): string[] => outcomes.map(({ outcome }) => outcome);
const keysOf = (payments: readonly Payment[]): string[] => payments.map(({ key }) => key);

/**
 * What every rail must hold when it sends, once for each way that it can (`settings`). Call it inside a `describe`;
 * `ready` gives the rail when the tests run.
 */
export const provesSending = (ready: () => RailUnderTest, settings: Record<string, string | number>, check: Declare = asTest): void => {
  const some = (count: number, fate: Fate = 'paid') => Array.from({ length: count }, () => varied(ready(), fate));
  const connect = () => ready().connection(settings);

  check('every payment gets its own outcome, in order, as the provider states it', async () => {
    const payments = [...some(3), ...some(1, 'declined'), ...some(2)];
    const progress: number[] = [];
    const outcomes = await releaseBy(ready(), connect(), payments, 'first', { onProgress: (sent) => progress.push(sent) });
    expect(outcomes.map(({ key }) => key)).toEqual(keysOf(payments));
    expect(words(outcomes)).toEqual(['paid', 'paid', 'paid', 'failed', 'paid', 'paid']);
    for (const [i, { amount, currency, providerReference, rank }] of outcomes.entries()) {
      if (i === 3) continue;
      expect({ amount, currency }).toEqual({ amount: payments[i]?.amount, currency: payments[i]?.currency });
      expect(providerReference).toEqual(expect.any(String));
      expect(rank).toBeGreaterThan(0);
    }
    expect(progress.at(-1)).toBe(payments.length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(await ready().acceptances(keysOf(payments))).toEqual([1, 1, 1, 0, 1, 1]);
  });

  check('killed after it sent: the payment is found, and sending the same bytes again pays nothing twice', async () => {
    const payments = some(2);
    await ready().misbehave('hesitates');
    await sendAndDie(connect(), ready().rail.prepare(payments), async () =>
      (await ready().acceptances(keysOf(payments))).every((count) => count > 0),
    );
    await ready().misbehave('none');
    const found = await ready().rail.lookup(connect(), keysOf(payments), new Map());
    expect(found.map(({ answer }) => answer.kind)).toEqual(['found', 'found']);
    expect(words(await releaseBy(ready(), connect(), payments, 'resend'))).toEqual(['paid', 'paid']);
    expect(await ready().acceptances(keysOf(payments))).toEqual([1, 1]);
  });

  for (const mishap of ['timeout_after_accept', 'error_after_accept', 'reset_after_accept', 'malformed_answer'] as const)
    check(`${mishap}: unknown, then found by key, and sent again in the same bytes still one payment`, async () => {
      const payments = some(3);
      await ready().misbehave(mishap);
      expect(words(await releaseBy(ready(), connect(), payments))).toEqual(['unknown', 'unknown', 'unknown']);
      await ready().misbehave('none');
      const lookups = await ready().rail.lookup(connect(), keysOf(payments), new Map());
      for (const [i, { key, answer }] of lookups.entries()) {
        expect(key).toBe(payments[i]?.key);
        expect(answer).toMatchObject({ kind: 'found', outcome: { key, outcome: 'paid', amount: payments[i]?.amount } });
      }
      expect(words(await releaseBy(ready(), connect(), payments, 'resend'))).toEqual(['paid', 'paid', 'paid']);
      expect(await ready().acceptances(keysOf(payments))).toEqual([1, 1, 1]);
    });

  for (const mishap of ['error_before_accept', 'reset_before_accept'] as const)
    check(`${mishap}: unknown and never failed, absent, and paid once when sent again`, async () => {
      const payments = some(2);
      await ready().misbehave(mishap);
      expect(words(await releaseBy(ready(), connect(), payments))).toEqual(['unknown', 'unknown']);
      await ready().misbehave('none');
      const lookups = await ready().rail.lookup(connect(), keysOf(payments), new Map(payments.map(({ key }) => [key, 1e12])));
      expect(lookups.map(({ answer }) => answer.kind)).toEqual(['absent_final', 'absent_final']);
      expect(words(await releaseBy(ready(), connect(), payments, 'resend'))).toEqual(['paid', 'paid']);
      expect(await ready().acceptances(keysOf(payments))).toEqual([1, 1]);
    });

  check('nobody listens: unknown, and a lookup is unavailable', async () => {
    const payments = some(2);
    const nowhere = ready().unreachable();
    const connection = { ...nowhere, settings: { ...settings, ...nowhere.settings } };
    expect(words(await releaseBy(ready(), connection, payments))).toEqual(['unknown', 'unknown']);
    const lookups = await ready().rail.lookup(connection, keysOf(payments), new Map());
    expect(lookups.map(({ answer }) => answer.kind)).toEqual(['unavailable', 'unavailable']);
  });

  check('credentials that the provider refuses: unknown, and never failed', async () => {
    const payments = some(2);
    const connection = { ...connect(), credentials: { ...connect().credentials, apiKey: 'not-the-key' } };
    expect(words(await releaseBy(ready(), connection, payments))).toEqual(['unknown', 'unknown']);
    const lookups = await ready().rail.lookup(connection, keysOf(payments), new Map(payments.map(({ key }) => [key, 1e12])));
    expect(lookups.map(({ answer }) => answer.kind)).toEqual(['unavailable', 'unavailable']);
  });

  check('other bytes under a used key: unknown, and the payment stays what it was', async () => {
    const [payment] = some(1) as [Payment];
    await releaseBy(ready(), connect(), [payment]);
    for (const kind of ['first', 'resend'] as const) {
      expect(words(await releaseBy(ready(), connect(), [{ ...payment, amount: payment.amount + 1n }], kind))).toEqual(['unknown']);
    }
    const [lookup] = await ready().rail.lookup(connect(), [payment.key], new Map());
    expect(lookup?.answer).toMatchObject({ kind: 'found', outcome: { amount: payment.amount } });
    expect(await ready().acceptances([payment.key])).toEqual([1]);
  });

  check('a decline fails a payment on its first send only; on a re-send it is unknown until looked up', async () => {
    const payments = some(2, 'declined');
    const [first, again] = [await releaseBy(ready(), connect(), payments), await releaseBy(ready(), connect(), payments, 'resend')];
    expect(words(first)).toEqual(['failed', 'failed']);
    expect(words(again)).toEqual(['unknown', 'unknown']);
    const lookups = await ready().rail.lookup(connect(), keysOf(payments), new Map());
    expect(lookups.map(({ answer }) => answer)).toMatchObject(first.map(({ outcome, rank }) => ({ kind: 'found', outcome: { outcome, rank } })));
  });

  check('the same payments sent by several at once are paid once', async () => {
    const payments = some(4);
    await Promise.all(Array.from({ length: 8 }, () => releaseBy(ready(), connect(), payments)));
    expect(await ready().acceptances(keysOf(payments))).toEqual([1, 1, 1, 1]);
  });

  check('too many requests without end: unknown, and nothing was taken in', async () => {
    const payments = some(2);
    await ready().misbehave('rate_limited');
    expect(words(await releaseBy(ready(), connect(), payments))).toEqual(['unknown', 'unknown']);
    await ready().misbehave('none');
    expect(await ready().acceptances(keysOf(payments))).toEqual([0, 0]);
  });

  check('after its lease it sends nothing more', async () => {
    const payments = some(3);
    const outcomes = await releaseBy(ready(), connect(), payments, 'first', { signal: AbortSignal.abort() });
    expect(words(outcomes)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(await ready().acceptances(keysOf(payments))).toEqual([0, 0, 0]);
  });

  check('a lease that ends in the middle: calls under way end, and nothing else begins', async () => {
    const { chunkSize } = ready().rail.capabilities(connect());
    const payments = some(chunkSize + 76);
    const lease = new AbortController();
    const outcomes = await releaseBy(ready(), connect(), payments, 'first', { signal: lease.signal, onProgress: () => lease.abort() });
    const taken = await ready().acceptances(keysOf(payments));
    const count = taken.filter((times) => times > 0).length;
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThanOrEqual(Math.max(ready().callsAtOnce, payments.length - 76));
    expect(words(outcomes)).toEqual(taken.map((times) => (times > 0 ? 'paid' : 'unknown')));
  });
};
