import { expect } from '@jest/globals';
import { asTest, type Declare } from './declare.js';
import { releaseBy } from './kit.js';
import type { RailUnderTest } from './rail-under-test.js';

/** What a rail must hold that can tell its provider never to accept a key (R5). */
export const provesFencing = (ready: () => RailUnderTest, settings: Record<string, string | number>, check: Declare = asTest): void => {
  const connect = () => ready().connection(settings);
  const some = (count: number) => Array.from({ length: count }, () => ready().payment('paid'));
  const fence = async (keys: readonly string[], connection = connect()) => {
    const answers = await ready().rail.fence?.(connection, keys);
    expect(answers?.map(({ key }) => key)).toEqual(keys);
    return answers?.map(({ answer }) => answer) ?? [];
  };
  const keysOf = (payments: readonly { key: string }[]) => payments.map(({ key }) => key);

  check('a fenced key is never accepted, however often it is sent or fenced again', async () => {
    const payments = some(3);
    expect(await fence(keysOf(payments))).toEqual(['fenced', 'fenced', 'fenced']);
    for (const kind of ['first', 'resend'] as const) {
      const outcomes = await releaseBy(ready(), connect(), payments, kind);
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown']);
    }
    expect(await fence(keysOf(payments))).toEqual(['fenced', 'fenced', 'fenced']);
    expect(await ready().acceptances(keysOf(payments))).toEqual([0, 0, 0]);
  });

  check('a payment that the provider has is not fenced: it exists, and stays what it is', async () => {
    const [mine, fresh, declined] = [ready().payment('paid'), ready().payment('paid'), ready().payment('declined')];
    await releaseBy(ready(), connect(), [mine, declined]);
    expect(await fence(keysOf([mine, fresh, declined]))).toEqual(['exists', 'fenced', 'exists']);
    const [lookup] = await ready().rail.lookup(connect(), [mine.key], new Map());
    expect(lookup?.answer).toMatchObject({ kind: 'found', outcome: { outcome: 'paid', amount: mine.amount } });
  });

  check('of a fence and a send at once, one wins and says so', async () => {
    const payments = some(20);
    const [fences] = await Promise.all([fence(keysOf(payments)), releaseBy(ready(), connect(), payments)]);
    const taken = await ready().acceptances(keysOf(payments));
    expect(fences).toEqual(taken.map((count) => (count === 0 ? 'fenced' : 'exists')));
  });

  check('no answer is no fence: unavailable, by a provider that is not there, not willing, not heard or not the one', async () => {
    const keys = keysOf(some(2));
    const none = ['unavailable', 'unavailable'];
    for (const mishap of ['fence_unavailable', 'fence_unanswered'] as const) {
      await ready().misbehave(mishap);
      expect(await fence(keys)).toEqual(none);
    }
    await ready().misbehave('none');
    const nowhere = ready().unreachable();
    expect(await fence(keys, { ...nowhere, settings: { ...settings, ...nowhere.settings } })).toEqual(none);
    expect(await fence(keys, { ...connect(), credentials: { ...connect().credentials, apiKey: 'not-the-key' } })).toEqual(none);
    const { settings: own } = connect();
    expect(await fence(keys, { ...connect(), settings: { ...own, base_url: `${own['base_url']}/elsewhere` } })).toEqual(none);
    // The one that was not heard has fenced all the same.
    expect(await fence(keys)).toEqual(['fenced', 'fenced']);
  });

  check('more than one call can hold are fenced in several, each key for itself', async () => {
    const payments = some(1500);
    await releaseBy(ready(), connect(), payments.slice(1400));
    expect(await fence(keysOf(payments))).toEqual(payments.map((_, i) => (i < 1400 ? 'fenced' : 'exists')));
  });
};
