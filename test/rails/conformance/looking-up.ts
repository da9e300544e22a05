import { expect } from '@jest/globals';
import { asTest, type Declare } from './declare.js';
import { releaseBy, varied } from './kit.js';
import type { RailUnderTest } from './rail-under-test.js';

const FOR_YEARS = 1e12;

/** What every rail must hold when it asks for payments (R5). */
export const provesLookingUp = (ready: () => RailUnderTest, settings: Record<string, string | number>, check: Declare = asTest): void => {
  const connect = () => ready().connection(settings);

  for (const count of [1, 2])
    check(`absence is final only after the last send could have arrived (${count} at once)`, async () => {
      const keys = Array.from({ length: count }, () => ready().payment('paid').key);
      const { timeoutMs, acceptanceWindowMs } = ready().rail.capabilities(connect());
      const answers = async (silentMs: number | null) => {
        const lookups = await ready().rail.lookup(connect(), keys, new Map(silentMs === null ? [] : keys.map((key) => [key, silentMs])));
        expect(lookups.map(({ key }) => key)).toEqual(keys);
        return new Set(lookups.map(({ answer }) => answer.kind));
      };
      expect(await answers(timeoutMs + acceptanceWindowMs + 1)).toEqual(new Set(['absent_final']));
      expect(await answers(timeoutMs + acceptanceWindowMs)).toEqual(new Set(['absent_so_far']));
      expect(await answers(-60_000)).toEqual(new Set(['absent_so_far']));
      expect(await answers(0)).toEqual(new Set(['absent_so_far']));
      expect(await answers(null)).toEqual(new Set(['absent_so_far']));
    });

  for (const count of [1, 2])
    check(`a provider that does not answer says nothing about absence (${count} at once)`, async () => {
      const keys = Array.from({ length: count }, () => ready().payment('paid').key);
      await ready().misbehave('lookup_unavailable');
      const lookups = await ready().rail.lookup(connect(), keys, new Map(keys.map((key) => [key, FOR_YEARS])));
      await ready().misbehave('none');
      expect(new Set(lookups.map(({ answer }) => answer.kind))).toEqual(new Set(['unavailable']));
    });

  check('a path that is not the provider’s says nothing about absence', async () => {
    const connection = connect();
    const astray = { ...connection, settings: { ...connection.settings, base_url: `${connection.settings['base_url']}/elsewhere` } };
    for (const count of [1, 2]) {
      const keys = Array.from({ length: count }, () => ready().payment('paid').key);
      const lookups = await ready().rail.lookup(astray, keys, new Map(keys.map((key) => [key, FOR_YEARS])));
      expect(new Set(lookups.map(({ answer }) => answer.kind))).toEqual(new Set(['unavailable']));
    }
  });

  check('more than one call can hold are asked for in several, each payment for itself', async () => {
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

  check('a lookup says what became of each payment, and not that all is well', async () => {
    const fates = ['paid', 'declined', 'failed_later', 'returned_later'] as const;
    const payments = fates.map((fate) => varied(ready(), fate));
    const connection = ready().connection({ ...settings, ...ready().asynchronous });
    const says = async () => {
      const lookups = await ready().rail.lookup(
        connection,
        payments.map(({ key }) => key),
        new Map(),
      );
      return lookups.map(({ answer }) => (answer.kind === 'found' ? answer.outcome.outcome : answer.kind));
    };
    expect(await says()).toEqual(fates.map(() => 'absent_so_far'));
    await releaseBy(ready(), connection, payments);
    expect(await says()).toEqual(['submitted', 'failed', 'submitted', 'submitted']);
    await ready().settle();
    expect(await says()).toEqual(['paid', 'failed', 'failed', 'returned']);
  });

  check('a lookup states the amount and currency of each payment, and not those of another', async () => {
    const payments = Array.from({ length: 3 }, () => varied(ready(), 'paid'));
    await releaseBy(ready(), connect(), payments);
    for (const asked of [payments, payments.slice(1, 2)]) {
      const lookups = await ready().rail.lookup(
        connect(),
        asked.map(({ key }) => key),
        new Map(),
      );
      const stated = lookups.map(({ answer }) => (answer.kind === 'found' ? [answer.outcome.amount, answer.outcome.currency] : answer.kind));
      expect(stated).toEqual(asked.map(({ amount, currency }) => [amount, currency]));
    }
  });
};
