import { expect, test } from '@jest/globals';
import { openCredentials } from '../../vault/credentials.js';
import { limitHashing } from '../../vault/hashing-limit.js';
import { CHEAP_ARGON2 } from '../harness/cheap-argon2.js';
import { latch } from '../harness/latch.js';
import { codeOf, must } from '../world/wire.js';
import { freshKeyFile } from './keys.js';

/** Work that ends when it is told to, and notes how many run beside it. */
const works = () => {
  let [running, most] = [0, 0];
  const ends: (() => void)[] = [];
  const work = async (): Promise<string> => {
    const end = latch();
    most = Math.max(most, ++running);
    ends.push(end.open);
    await end.opened;
    running--;
    return 'done';
  };
  /** Ends what runs, and what comes after it, until nothing is left. */
  const endAll = async () => {
    for (let end = ends.shift(); end; end = ends.shift()) {
      end();
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
  };
  return { work, endAll, most: () => most };
};

test('so many are hashed at once and no more; so many wait; whoever comes after them is refused and told when to come back', async () => {
  const { work, endAll, most } = works();
  const limit = limitHashing({ atOnce: 2, waitingMax: 3 });
  const answers = Array.from({ length: 64 }, () => limit.run(work));
  const refused = await Promise.all(answers.slice(5));
  expect(refused.map(codeOf)).toEqual(Array(59).fill('passwords_busy'));
  expect(refused[0]).toMatchObject({ refusal: { extra: { retry_after_seconds: expect.any(Number) } } });
  expect(limit.state()).toEqual({ running: 2, waiting: 3 });
  await endAll();
  expect((await Promise.all(answers.slice(0, 5))).map(must)).toEqual(Array(5).fill('done'));
  expect([most(), limit.state()]).toEqual([2, { running: 0, waiting: 0 }]);
});

test('a place is free again when its work has ended, and also when it failed', async () => {
  const limit = limitHashing({ atOnce: 1, waitingMax: 0 });
  await expect(limit.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await limit.run(async () => 1)).toEqual({ ok: true, value: 1 });
});

test('verifying, hashing and the work for an unknown person take their turns together', async () => {
  const credentials = openCredentials(freshKeyFile(), { argon2: CHEAP_ARGON2, hashing: { atOnce: 1, waitingMax: 1 } });
  const stored = await credentials.hashPassword('a password', 'somebody');
  const answers = await Promise.all([
    credentials.checkPassword(stored, 'a password', 'somebody'),
    credentials.checkPassword(null, 'a password', 'somebody'),
    credentials.newPasswordHash('a password', 'somebody'),
    credentials.checkPassword(stored, 'a password', 'somebody'),
  ]);
  expect(answers.map(codeOf)).toEqual(['ok', 'ok', 'passwords_busy', 'passwords_busy']);
  expect(credentials.hashing()).toEqual({ running: 0, waiting: 0 });
});
