import { expect, test } from '@jest/globals';
import { noteInTurns } from '../../api/note-in-turns.js';
import type { Context } from '../../operations/context.js';

const ctx = {} as Context;
const of = (id: string) => ({ subject: { type: 'api_key', id }, kind: 'key_forbidden', network: 'unknown', route: 'list_payees' }) as const;

/** A count that ends when the test says so. */
const held = () => {
  const open: { id: string; end: (error?: Error) => void }[] = [];
  const note = noteInTurns(
    (_, { subject: { id } }) =>
      new Promise((done, fail) => {
        open.push({ id, end: (error) => (error ? fail(error) : done([])) });
      }),
  );
  return { open, note, ids: () => open.map(({ id }) => id) };
};
const settled = () => new Promise((done) => setImmediate(done));

test('refusals of one key are counted one after the other, those of another beside them', async () => {
  const { open, note, ids } = held();
  const [first, second] = [note(ctx, of('a')), note(ctx, of('a'))];
  const other = note(ctx, of('b'));
  await settled();
  expect(ids()).toEqual(['a', 'b']);
  open[0]?.end();
  await first;
  await settled();
  expect(ids()).toEqual(['a', 'b', 'a']);
  for (const { end } of open) end();
  await Promise.all([second, other]);
});

test('a count that fails fails alone: the next one has its turn', async () => {
  const { open, note, ids } = held();
  const [first, second] = [note(ctx, of('a')), note(ctx, of('a'))];
  await settled();
  open[0]?.end(new Error('no database'));
  await expect(first).rejects.toThrow('no database');
  await settled();
  expect(ids()).toEqual(['a', 'a']);
  open[1]?.end();
  expect(await second).toEqual([]);
});
