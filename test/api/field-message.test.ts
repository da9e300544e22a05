import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { fieldMessage } from '../../api/field-message.js';

const CONTRACT = z.strictObject({
  list: z.array(z.string()).min(1).max(2),
  limit: z.coerce.number().int().min(1).max(200),
  choice: z.enum(['paid', 'failed', 'open']),
  kind: z.literal('funding'),
  text: z.string().min(1).max(4),
  long: z.string().min(2),
  at: z.iso.datetime({ offset: true }),
  email: z.email(),
  own: z.string().regex(/^a/, 'begins with an a'),
  plain: z.string().regex(/^a/),
  flag: z.boolean(),
  count: z.number().gt(0),
  either: z.union([z.literal('true'), z.boolean()]),
});

const messagesOf = (value: object) =>
  Object.fromEntries(CONTRACT.safeParse(value, { error: fieldMessage }).error?.issues.map(({ path, message }) => [path.join('.'), message]) ?? []);

test('what is wrong with a field is a sentence of ours that says what is allowed', () => {
  expect(
    messagesOf({
      ...{ list: [], limit: 5_000, choice: 'x', kind: 'x', text: '', long: 'a', at: 'x', email: 'x', own: 'b', plain: 'b', flag: 'x' },
      ...{ count: 0, either: 3 },
    }),
  ).toEqual({
    list: 'this must not be empty',
    limit: 'at most 200; read on with starting_after',
    choice: 'one of paid, failed or open',
    kind: 'this has to be funding',
    text: 'this must not be empty',
    long: 'at least 2 characters',
    at: 'a time of RFC 3339, such as 2026-01-31T12:00:00Z',
    email: 'an e-mail address',
    own: 'begins with an a',
    plain: 'this is not of the right form',
    flag: 'this has to be true or false',
    count: 'more than 0',
    either: 'this is not of the right form',
  });
  expect(messagesOf({ list: ['a', 'b', 'c'], limit: 'x', text: 'abcde' })).toMatchObject({
    list: 'at most 2 entries',
    limit: 'this has to be a number',
    text: 'at most 4 characters',
    long: 'this field is required',
    count: 'this field is required',
  });
});

test('no sentence is one of the library', () => {
  for (const value of [{}, { list: 1, limit: 0, choice: 1, kind: 1, text: 1, long: 1, at: 1, email: 1, own: 1, plain: 1, flag: 1, count: 'x' }])
    for (const message of Object.values(messagesOf(value))) expect(message).not.toMatch(/expected|received|Invalid|Too (big|small)/);
});
