import { expect, test } from '@jest/globals';
import { releaseBy } from './kit.js';
import type { RailUnderTest } from './rail-under-test.js';

const FOR_YEARS = 1e12;

/** What every rail must hold when it asks for payments (R5). */
export const provesLookingUp = (ready: () => RailUnderTest, settings: Record<string, string | number>): void => {
  const connect = () => ready().connection(settings);

  test.each([1, 2])('absence is final only after the last send could have arrived (%i at once)', async (count) => {
    const keys = Array.from({ length: count }, () => ready().payment('paid').key);
    const { timeoutMs, acceptanceWindowMs } = ready().rail.capabilities(connect());
    const answers = async (silentMs: number | null) => {
      const lookups = await ready().rail.lookup(connect(), keys, new Map(silentMs === null ? [] : keys.map((key) => [key, silentMs])));
      expect(lookups.map(({ key }) => key)).toEqual(keys);
      return new Set(lookups.map(({ answer }) => answer.kind));
    };
    expect(await answers(timeoutMs + acceptanceWindowMs + 1)).toEqual(new Set(['absent_final']));
    expect(await answers(-60_000)).toEqual(new Set(['absent_so_far']));
    expect(await answers(0)).toEqual(new Set(['absent_so_far']));
    expect(await answers(null)).toEqual(new Set(['absent_so_far']));
  });

  test.each([1, 2])('a provider that does not answer says nothing about absence (%i at once)', async (count) => {
    const keys = Array.from({ length: count }, () => ready().payment('paid').key);
    await ready().misbehave('lookup_unavailable');
    const lookups = await ready().rail.lookup(connect(), keys, new Map(keys.map((key) => [key, FOR_YEARS])));
    await ready().misbehave('none');
    expect(new Set(lookups.map(({ answer }) => answer.kind))).toEqual(new Set(['unavailable']));
  });

  test('a path that is not the provider’s says nothing about absence', async () => {
    const connection = connect();
    const astray = { ...connection, settings: { ...connection.settings, base_url: `${connection.settings['base_url']}/elsewhere` } };
    for (const count of [1, 2]) {
      const keys = Array.from({ length: count }, () => ready().payment('paid').key);
      const lookups = await ready().rail.lookup(astray, keys, new Map(keys.map((key) => [key, FOR_YEARS])));
      expect(new Set(lookups.map(({ answer }) => answer.kind))).toEqual(new Set(['unavailable']));
    }
  });

  test('more than one call can hold are asked for in several, each payment for itself', async () => {
    const payments = Array.from({ length: 1500 }, () => ready().payment('paid'));
    await releaseBy(ready(), connect(), payments.slice(0, 1200));
    const silentMs = new Map(payments.map(({ key }) => [key, FOR_YEARS]));
    const lookups = await ready().rail.lookup(
      connect(),
      payments.map(({ key }) => key),
      silentMs,
    );
    expect(lookups.map(({ key }) => key)).toEqual(payments.map(({ key }) => key));
    expect(lookups.map(({ answer }) => answer.kind)).toEqual(payments.map((_, i) => (i < 1200 ? 'found' : 'absent_final')));
  });
};
