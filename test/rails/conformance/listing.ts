import { expect } from '@jest/globals';
import type { PaymentOutcome } from '../../../domain/item/evidence.js';
import type { OpenConnection } from '../../../operations/rail.js';
import { asTest, type Declare } from './declare.js';
import { releaseBy, varied } from './kit.js';
import type { RailUnderTest } from './rail-under-test.js';

/** What every rail must hold that can say what its provider has since a time (R15). */
export const provesListing = (ready: () => RailUnderTest, settings: Record<string, string | number>, check: Declare = asTest): void => {
  const connect = () => ready().connection(settings);
  const all = async (since: Date, connection = connect()): Promise<PaymentOutcome[]> => {
    const outcomes: PaymentOutcome[] = [];
    for (let after: string | null = null, pages = 0; ; pages++) {
      if (pages > 100) throw new Error('the list has no end');
      const page = await ready().rail.listSince(connection, since, after);
      if ('unavailable' in page) throw new Error('unavailable');
      outcomes.push(...page.outcomes);
      if (page.next === null) return outcomes;
      after = page.next;
    }
  };
  const long = () => new Date(0);

  check('everything that the provider has is in it, page by page, each once and as a lookup finds it', async () => {
    const payments = [...Array.from({ length: 1200 }, () => varied(ready(), 'paid')), ready().payment('declined')];
    await releaseBy(ready(), connect(), payments);
    const listed = await all(long());
    const keys = new Set(payments.map(({ key }) => key));
    const mine = listed.filter(({ key }) => keys.has(key));
    expect(mine).toHaveLength(payments.length);
    const lookups = await ready().rail.lookup(connect(), [...keys], new Map());
    expect(new Map(mine.map((outcome) => [outcome.key, outcome]))).toEqual(
      new Map(lookups.map(({ key, answer }) => [key, answer.kind === 'found' ? answer.outcome : answer])),
    );
  });

  check('what never left is not in it', async () => {
    const [payment, other] = [ready().payment('paid'), ready().payment('paid')];
    await releaseBy(ready(), connect(), [payment]);
    const keys = (await all(long())).map(({ key }) => key);
    expect([keys.includes(payment.key), keys.includes(other.key)]).toEqual([true, false]);
  });

  check('what is older than the time asked for, and has not changed since, is not in it', async () => {
    const payment = ready().payment('paid');
    await releaseBy(ready(), connect(), [payment]);
    expect((await all(new Date(Date.now() + 3650 * 86_400_000))).map(({ key }) => key)).not.toContain(payment.key);
  });

  check('no answer is not an empty list: unavailable, by a provider that is not there, not willing or not the one', async () => {
    const nowhere = ready().unreachable();
    const { settings: own, credentials } = connect();
    const wrong: OpenConnection[] = [
      { ...nowhere, settings: { ...settings, ...nowhere.settings } },
      { ...connect(), credentials: { ...credentials, apiKey: 'not-the-key' } },
      { ...connect(), settings: { ...own, base_url: `${own['base_url']}/elsewhere` } },
    ];
    for (const connection of wrong) expect(await ready().rail.listSince(connection, long(), null)).toEqual({ unavailable: true });
    await ready().misbehave('list_unavailable');
    expect(await ready().rail.listSince(connect(), long(), null)).toEqual({ unavailable: true });
    await ready().misbehave('none');
  });
};
