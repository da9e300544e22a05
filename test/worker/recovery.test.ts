import { expect, test } from '@jest/globals';
import pino from 'pino';
import { recoverySwitch } from '../../operations/recovery/mode.js';
import { keepComparing } from '../../worker/recovery.js';

const silent = pino({ enabled: false });

test('an older database that is put back under the running worker is found by the next comparison; one that fails changes nothing [S1-24]', async () => {
  const found: (string | null | Error)[] = [null, new Error('the database is away'), null, 'an older copy was put back', null];
  const recovery = recoverySwitch(null);
  let comparisons = 0;
  const compare = async () => {
    const next = found[comparisons++];
    if (next instanceof Error) throw next;
    return recoverySwitch(next ?? null);
  };
  await keepComparing(recovery, compare, silent, new AbortController().signal, 1);
  expect([recovery.reason(), comparisons]).toEqual(['an older copy was put back', 4]);
});

test('the comparison ends with the worker', async () => {
  const ending = new AbortController();
  const recovery = recoverySwitch(null);
  let comparisons = 0;
  const compare = async () => {
    if (++comparisons === 3) ending.abort();
    return recoverySwitch(null);
  };
  await keepComparing(recovery, compare, silent, ending.signal, 1);
  expect([recovery.reason(), comparisons]).toEqual([null, 3]);
});
