import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generate } from 'otplib';
import type { Context } from '../../operations/context.js';
import { createSession } from '../../operations/session/create.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf } from '../world/wire.js';

/**
 * Authenticators whose clock is off. Whether a code is taken depends on the time step of the moment (RFC 6238, section 5.2: one step to either
 * side), so each skew stands here with the second of the step in which the code is given. Signatures of calls: verify-signature.test.ts.
 */

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const STEP_S = 30;
/** The beginning of a step, some time after this file began. */
const STEP = Math.ceil(Date.now() / 1_000 / STEP_S) * STEP_S;

/** Signs in at a time of the database's clock. */
const signInAt = (person: Person, seconds: number, code: string) => {
  const at = (ctx: Context): Context => ({
    ...ctx,
    inTenant: (work, options) => ctx.inTenant((stores) => work({ ...stores, now: new Date(seconds * 1_000 + 999) }), options),
  });
  const own = world.publicContext();
  return createSession(
    { ...own, enter: (tenantId, mode, actor) => at(own.enter(tenantId, mode, actor)) },
    { email: person.email, password: person.password, code },
  );
};

/** Where the second of the step decides, it is the last one that is taken or the first one that is not. */
const CASES: readonly (readonly [skew: number, second: number, outcome: 'ok' | 'invalid_credentials'])[] = [
  [0, 0, 'ok'],
  [0, 29, 'ok'],
  [29, 0, 'ok'],
  [29, 29, 'ok'],
  [-29, 0, 'ok'],
  [-29, 29, 'ok'],
  [31, 0, 'ok'],
  [31, 28, 'ok'],
  [31, 29, 'invalid_credentials'],
  [-31, 29, 'ok'],
  [-31, 1, 'ok'],
  [-31, 0, 'invalid_credentials'],
  [59, 0, 'ok'],
  [60, 0, 'invalid_credentials'],
  [-59, 29, 'ok'],
  [-60, 29, 'invalid_credentials'],
  ...[61, -61, 300, -300, 301, -301].flatMap((skew) => [0, 15, 29].map((second) => [skew, second, 'invalid_credentials'] as const)),
];

describe('a code of an authenticator that is off', () => {
  test.each(CASES)('by %i s, given in second %i of a step: %s', async (skew, second, outcome) => {
    const now = STEP + second;
    // Of two steps that share a code by chance nothing could be told.
    const person = await somebodyWithout(async (one) => {
      const near = await Promise.all([-1, 0, 1].map((steps) => generate({ secret: one.secret, epoch: STEP + steps * STEP_S })));
      return outcome !== 'ok' && near.includes(await generate({ secret: one.secret, epoch: now + skew }));
    });
    expect(codeOf(await signInAt(person, now, await generate({ secret: person.secret, epoch: now + skew })))).toBe(outcome);
  });
});

const somebodyWithout = async (chance: (person: Person) => Promise<boolean>): Promise<Person> => {
  for (;;) {
    const person = await world.person('approver');
    if (!(await chance(person))) return person;
  }
};
