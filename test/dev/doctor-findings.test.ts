import { describe, expect, test } from '@jest/globals';
import { judgeClock, judgeDurability } from '../../cli/doctor/findings.js';

const AT = Date.UTC(2026, 2, 1, 12);
const database = (skewMs: number, tookMs = 0) =>
  judgeClock('clock', 'the database', { askedAt: AT, answeredAt: AT + tookMs, said: AT + skewMs, resolutionMs: 0 });

describe('clocks', () => {
  test('two seconds apart agree, more is a problem that says which way and what to do', () => {
    expect([database(0), database(2_000), database(-2_000)].map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(database(2_001)).toMatchObject({ ok: false, detail: expect.stringMatching(/2\.0 s behind the database.*NTP/) });
    expect(database(-60_000)).toMatchObject({ ok: false, detail: expect.stringContaining('60.0 s ahead of the database') });
  });

  test('the time that the answer took and the rounding of the header are allowed for', () => {
    expect(database(3_000, 1_500).ok).toBe(true);
    const header = (skewMs: number) => {
      const said = Math.floor((AT + 999 + skewMs) / 1_000) * 1_000;
      return judgeClock('clock', 'the API', { askedAt: AT + 999, answeredAt: AT + 999, said, resolutionMs: 1_000 }).ok;
    };
    expect([header(0), header(2_000), header(-2_000), header(4_000), header(-4_000)]).toEqual([true, true, true, false, false]);
  });

  test('a clock that cannot be read is not taken to agree', () => {
    expect(database(Number.NaN)).toMatchObject({ ok: false, detail: 'the database did not say what time it is' });
  });
});

describe('durability', () => {
  const on = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };

  test('nothing is reported when all settings are on, or when commits wait for more than the disk', () => {
    expect(judgeDurability(on, 'given')).toEqual([]);
    expect(judgeDurability({ ...on, synchronous_commit: 'remote_apply' }, 'given')).toEqual([]);
  });

  test.each(['fsync', 'full_page_writes', 'synchronous_commit'] as const)('%s off is a problem, and only noted on the demo server', (name) => {
    const found = { ...on, [name]: 'off' };
    const [problem, ...more] = judgeDurability(found, 'given');
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ part: `postgres ${name}`, ok: false, detail: expect.stringContaining(`ALTER SYSTEM SET ${name} = on`) });
    expect(judgeDurability(found, 'embedded')).toEqual([{ part: `postgres ${name}`, ok: true, note: true, detail: expect.stringContaining('demo') }]);
  });
});
