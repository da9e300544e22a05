import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { untilFloor } from '../../api/failure-floor.js';
import { handOn } from '../../api/hand-on.js';
import { hashingProbes, personEventProbe } from '../../api/password-probes.js';
import { createMetrics } from '../../telemetry/metrics.js';
import { latch } from '../harness/latch.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';

/** A clock that stands still: what it was asked to ring is kept, and rung by the test. */
const standingClock = (...times: number[]) => {
  const alarms: { ms: number; ring: () => void }[] = [];
  return {
    alarms,
    now: () => (times.length > 1 ? (times.shift() as number) : (times[0] ?? 0)),
    alarm: (ms: number, ring: () => void) => {
      const alarm = { ms, ring };
      alarms.push(alarm);
      return () => void alarms.splice(alarms.indexOf(alarm), 1);
    },
  };
};

describe('the answer to a failed sign-in', () => {
  test.each([
    [0, 250],
    [0.2, 249.8],
    [249, 1],
    [250, 0],
    [251, 249],
    [990, 10],
  ])('after %d ms of work waits %d ms more', async (worked, waits) => {
    const clock = standingClock(5_000 + worked);
    const over = jest.fn();
    const waiting = untilFloor(clock, 5_000).then(over);
    expect(clock.alarms.map(({ ms }) => Math.round(ms * 10) / 10)).toEqual([waits]);
    await Promise.resolve();
    expect(over).not.toHaveBeenCalled();
    clock.alarms[0]?.ring();
    await waiting;
  });

  let world: ApiWorld;
  let woken = 0;
  /** Alarms of the API: it waits, and the test counts. Each rings at once. */
  const waits: number[] = [];
  beforeAll(async () => {
    const clock = {
      now: () => 1_000,
      alarm: (ms: number, ring: () => void) => {
        waits.push(ms);
        setImmediate(ring);
        return () => {};
      },
    };
    world = await openApiWorld({ clock, personEvents: { wake: () => void woken++ } });
  });
  afterAll(() => world?.close());

  const signIn = (body: object) => world.call('/v1/sessions', { method: 'POST', body });

  test('comes at the floor, whatever was wrong, and that of a right one at once', async () => {
    const person = await world.person('approver');
    const known = { email: person.email, password: person.password };
    const wrong = await world.wrongCode(person);
    for (const body of [
      { ...known, email: 'nobody@example.com', code: '000000' },
      { ...known, password: 'wrong', code: '000000' },
      { ...known, code: wrong },
    ]) {
      waits.length = 0;
      const answer = await signIn(body);
      expect([answer.status, answer.json['code'], waits]).toEqual([401, 'invalid_credentials', [250]]);
    }
    expect(woken).toBe(3);
    waits.length = 0;
    expect((await signIn({ ...known, code: await world.code(person) })).status).toBe(201);
    expect([waits, woken]).toEqual([[], 3]);
  });

  test('when too many passwords are checked is 503 with Retry-After, for a known e-mail as for an unknown one', async () => {
    const person = await world.person('approver');
    const busy = { ok: false, refusal: { code: 'passwords_busy', detail: 'Later.', extra: { retry_after_seconds: 2 } } } as const;
    const checked = jest.spyOn(world.services.credentials, 'checkPassword').mockResolvedValue(busy);
    const answers = [];
    for (const email of [person.email, 'nobody@example.com']) answers.push(await signIn({ email, password: person.password, code: '000000' }));
    checked.mockRestore();
    for (const { status, headers, json } of answers)
      expect([status, headers.get('retry-after'), json['code'], json['type']]).toEqual([503, '2', 'passwords_busy', '/docs/errors#passwords_busy']);
  });

  test('takes a password of 256 characters, however many units they have, and none of 257', async () => {
    const codeOf = async (password: string) => (await signIn({ email: 'nobody@example.com', password, code: '000000' })).json['code'];
    expect(await codeOf('😀'.repeat(256))).toBe('invalid_credentials');
    expect(await codeOf('e\u0301'.repeat(256))).toBe('invalid_credentials');
    expect(await codeOf('a'.repeat(257))).toBe('invalid_request');
    expect(await codeOf('ﬁ'.repeat(129))).toBe('invalid_request');
  });

  test('a new password over HTTP: problems name field and fix, and the answer has no secret', async () => {
    const { person, token } = await world.member('auditor');
    const change = async (more: object) =>
      world.call('/v1/session/password', { method: 'POST', token, body: { password: person.password, code: await world.code(person), ...more } });
    const short = await change({ new_password: 'short' });
    expect([short.status, short.json['code'], short.json['errors']]).toEqual([
      422,
      'password_refused',
      [{ field: 'new_password', reason: 'too_short', message: expect.stringContaining('12 characters') }],
    ]);
    const new_password = 'nine blue kettles on a wall';
    const done = await change({ new_password });
    expect([done.status, Object.keys(done.json)]).toEqual([200, ['object', 'changed_at', 'ended_sessions']]);
    expect(world.logged.join('')).not.toContain(new_password);
    expect((await world.call('/v1/sessions/current', { token })).status).toBe(200);
  });
});

describe('events on their way to the logs', () => {
  /** Deliveries that the test answers one by one. */
  const deliveries = () => {
    const asked: ((found: number) => void)[] = [];
    const deliver = () => new Promise<number>((resolve) => void asked.push(resolve));
    const answer = async (found: number) => {
      asked.shift()?.(found);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    };
    return { asked, deliver, answer };
  };
  const fail = (error: unknown) => {
    throw error;
  };

  test('are delivered at the start, and until none is left', async () => {
    const { asked, deliver, answer } = deliveries();
    const clock = standingClock();
    handOn(deliver, clock, fail);
    for (const found of [16, 3]) {
      await answer(found);
      expect([asked.length, clock.alarms.length]).toEqual([1, 0]);
    }
    await answer(0);
    expect([asked.length, clock.alarms.map(({ ms }) => ms)]).toEqual([0, [10_000]]);
    clock.alarms.shift()?.ring();
    expect(asked).toHaveLength(1);
  });

  test('that come while others are delivered are looked for again', async () => {
    const { asked, deliver, answer } = deliveries();
    const { wake } = handOn(deliver, standingClock(), fail);
    wake();
    wake();
    await answer(0);
    expect(asked).toHaveLength(1);
    await answer(0);
    expect(asked).toHaveLength(0);
    wake();
    expect(asked).toHaveLength(1);
  });

  test('are tried again later when it failed, and no more after the end', async () => {
    const problem = latch<unknown>();
    const clock = standingClock();
    let tries = 0;
    const deliver = async () => {
      tries += 1;
      if (tries === 1) throw new Error('no database');
      return 0;
    };
    const running = handOn(deliver, clock, problem.open);
    expect(await problem.opened).toEqual(new Error('no database'));
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    clock.alarms.shift()?.ring();
    await running.stop();
    running.wake();
    expect([tries, clock.alarms]).toEqual([2, []]);
  });
});

test('metrics say how many passwords are hashed and wait, and how many events are not in the logs yet', async () => {
  const metrics = createMetrics('test');
  for (const probe of hashingProbes(() => ({ running: 2, waiting: 7 }))) metrics.addProbe(probe);
  metrics.addProbe(personEventProbe({ waiting: async () => 3 }));
  const { text } = await metrics.scrape();
  expect(text).toContain('sluice_passwords_hashing{state="running",process="test"} 2');
  expect(text).toContain('sluice_passwords_hashing{state="waiting",process="test"} 7');
  expect(text).toContain('sluice_person_events_waiting{process="test"} 3');
});
